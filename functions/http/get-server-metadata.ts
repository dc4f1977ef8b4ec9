import { routes } from '../../shared/contracts/routes';
import { type HttpEdge, route } from './route';

/** `GET /v2` */
export const getServerMetadataHandler = (deps: { edge: HttpEdge; version: string }) =>
  route(routes['get-server-metadata'], deps.edge, async () => ({
    body: { name: 'ingot', version: deps.version, extensions: [] },
  }));
