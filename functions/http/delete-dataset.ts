import { routes } from '../../shared/contracts/routes';
import type { deleteDataset } from '../usecases/delete-dataset';
import { type HttpEdge, route } from './route';

/** `DELETE /v1/datasets/{id}` */
export const deleteDatasetHandler = (deps: {
  edge: HttpEdge;
  deleteDataset: ReturnType<typeof deleteDataset>;
}) =>
  route(routes['delete-dataset'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.deleteDataset({ tenant, ...params }),
  }));
