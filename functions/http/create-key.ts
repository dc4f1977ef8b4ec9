import { routes } from '../../shared/contracts/routes';
import type { createKey } from '../usecases/create-key';
import { type HttpEdge, route } from './route';

/** `POST /v1/keys` */
export const createKeyHandler = (deps: { edge: HttpEdge; createKey: ReturnType<typeof createKey> }) =>
  route(routes['create-key'], deps.edge, async ({ tenant, isAdministrator, body }) => ({
    body: await deps.createKey({ ...body, manager: { tenant, isAdministrator } }),
  }));
