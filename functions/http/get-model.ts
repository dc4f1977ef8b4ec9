import { routes } from '../../shared/contracts/routes';
import type { getModel } from '../usecases/get-model';
import { type HttpEdge, route } from './route';

/** `GET /v1/models/{name}` */
export const getModelHandler = (deps: { edge: HttpEdge; getModel: ReturnType<typeof getModel> }) =>
  route(routes['get-model'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.getModel({ tenant, ...params }),
  }));
