import { routes } from '../../shared/contracts/routes';
import type { listKeys } from '../usecases/list-keys';
import { type HttpEdge, route } from './route';

/** `GET /v1/keys` */
export const listKeysHandler = (deps: { edge: HttpEdge; listKeys: ReturnType<typeof listKeys> }) =>
  route(routes['list-keys'], deps.edge, async ({ tenant, isAdministrator, query }) => ({
    body: await deps.listKeys({ ...query, manager: { tenant, isAdministrator } }),
  }));
