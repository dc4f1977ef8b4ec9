import { routes } from '../../shared/contracts/routes';
import type { completeModelVersion } from '../usecases/complete-model-version';
import { type HttpEdge, route } from './route';

/** `POST /v1/models/{name}/versions/{version}/complete` */
export const completeModelVersionHandler = (deps: {
  edge: HttpEdge;
  completeModelVersion: ReturnType<typeof completeModelVersion>;
}) =>
  route(routes['complete-model-version'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.completeModelVersion({ tenant, ...params }),
  }));
