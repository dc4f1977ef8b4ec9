import { routes } from '../../shared/contracts/routes';
import { type HttpEdge, route } from './route';

/** `GET /v2/health/ready`: models are loaded by the first request for them, so a server that is up is ready. */
export const getReadinessHandler = (deps: { edge: HttpEdge }) =>
  route(routes['get-readiness'], deps.edge, async () => ({ body: { live: true, ready: true } }));
