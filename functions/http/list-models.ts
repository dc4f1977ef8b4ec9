import { routes } from '../../shared/contracts/routes';
import type { listModels } from '../usecases/list-models';
import { type HttpEdge, route } from './route';

/** `GET /v1/models` */
export const listModelsHandler = (deps: { edge: HttpEdge; listModels: ReturnType<typeof listModels> }) =>
  route(routes['list-models'], deps.edge, async ({ tenant, query }) => ({
    body: await deps.listModels({ tenant, ...query }),
  }));
