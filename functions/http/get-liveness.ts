import { routes } from '../../shared/contracts/routes';
import { type HttpEdge, route } from './route';

/** `GET /v2/health/live` */
export const getLivenessHandler = (deps: { edge: HttpEdge }) =>
  route(routes['get-liveness'], deps.edge, async () => ({ body: { live: true } }));
