import { routes } from '../../shared/contracts/routes';
import { type HttpEdge, route } from './route';

/** `GET /healthz` */
export const getHealthHandler = ({ edge }: { edge: HttpEdge }) =>
  route(routes['get-health'], edge, async () => ({ body: { status: 'ok' as const } }));
