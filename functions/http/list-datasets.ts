import { routes } from '../../shared/contracts/routes';
import type { listDatasets } from '../usecases/list-datasets';
import { type HttpEdge, route } from './route';

/** `GET /v1/datasets` */
export const listDatasetsHandler = (deps: {
  edge: HttpEdge;
  listDatasets: ReturnType<typeof listDatasets>;
}) =>
  route(routes['list-datasets'], deps.edge, async ({ tenant, query }) => ({
    body: await deps.listDatasets({ tenant, ...query }),
  }));
