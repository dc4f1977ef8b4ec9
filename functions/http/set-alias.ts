import { routes } from '../../shared/contracts/routes';
import type { setAlias } from '../usecases/set-alias';
import { type HttpEdge, route } from './route';

/** `PUT /v1/models/{name}/aliases/{alias}` */
export const setAliasHandler = (deps: { edge: HttpEdge; setAlias: ReturnType<typeof setAlias> }) =>
  route(routes['set-alias'], deps.edge, async ({ tenant, params, body }) => ({
    body: await deps.setAlias({ tenant, ...params, target: body }),
  }));
