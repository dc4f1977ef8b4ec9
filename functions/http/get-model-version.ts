import { routes } from '../../shared/contracts/routes';
import type { getModelVersion } from '../usecases/get-model-version';
import { type HttpEdge, route } from './route';

/** `GET /v1/models/{name}/versions/{version}` */
export const getModelVersionHandler = (deps: {
  edge: HttpEdge;
  getModelVersion: ReturnType<typeof getModelVersion>;
}) =>
  route(routes['get-model-version'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.getModelVersion({ tenant, ...params }),
  }));
