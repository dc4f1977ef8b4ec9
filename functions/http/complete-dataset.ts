import { routes } from '../../shared/contracts/routes';
import type { completeDataset } from '../usecases/complete-dataset';
import { type HttpEdge, route } from './route';

/** `POST /v1/datasets/{id}/complete` */
export const completeDatasetHandler = (deps: {
  edge: HttpEdge;
  completeDataset: ReturnType<typeof completeDataset>;
}) =>
  route(routes['complete-dataset'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.completeDataset({ tenant, ...params }),
  }));
