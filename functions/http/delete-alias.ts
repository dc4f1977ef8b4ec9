import { routes } from '../../shared/contracts/routes';
import type { deleteAlias } from '../usecases/delete-alias';
import { type HttpEdge, route } from './route';

/** `DELETE /v1/models/{name}/aliases/{alias}` */
export const deleteAliasHandler = (deps: { edge: HttpEdge; deleteAlias: ReturnType<typeof deleteAlias> }) =>
  route(routes['delete-alias'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.deleteAlias({ tenant, ...params }),
  }));
