import { routes } from '../../shared/contracts/routes';
import type { revokeKey } from '../usecases/revoke-key';
import { type HttpEdge, route } from './route';

/** `DELETE /v1/keys/{id}` */
export const revokeKeyHandler = (deps: { edge: HttpEdge; revokeKey: ReturnType<typeof revokeKey> }) =>
  route(routes['revoke-key'], deps.edge, async ({ tenant, isAdministrator, params }) => ({
    body: await deps.revokeKey({ id: params.id, manager: { tenant, isAdministrator } }),
  }));
