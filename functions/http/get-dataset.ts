import { routes } from '../../shared/contracts/routes';
import type { getDataset } from '../usecases/get-dataset';
import { type HttpEdge, route } from './route';

/** `GET /v1/datasets/{id}` */
export const getDatasetHandler = (deps: { edge: HttpEdge; getDataset: ReturnType<typeof getDataset> }) =>
  route(routes['get-dataset'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.getDataset({ tenant, ...params }),
  }));
