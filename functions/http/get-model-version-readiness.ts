import { routes } from '../../shared/contracts/routes';
import type { GetModelReadiness } from '../usecases/get-model-readiness';
import { type HttpEdge, route } from './route';

/** `GET /v2/models/{name}/versions/{version}/ready`: 503 where it is not, so that probes need not read the body. */
export const getModelVersionReadinessHandler = (deps: {
  edge: HttpEdge;
  getModelReadiness: GetModelReadiness;
}) =>
  route(routes['get-model-version-readiness'], deps.edge, async ({ tenant, params }) => {
    const body = await deps.getModelReadiness({ tenant, ...params });
    return { status: body.ready ? 200 : 503, body };
  });
