import { routes } from '../../shared/contracts/routes';
import type { createDataset } from '../usecases/create-dataset';
import { type HttpEdge, route } from './route';

/** `POST /v1/datasets` */
export const createDatasetHandler = (deps: {
  edge: HttpEdge;
  createDataset: ReturnType<typeof createDataset>;
}) =>
  route(routes['create-dataset'], deps.edge, async ({ tenant, body }) => {
    const dataset = await deps.createDataset({ tenant, ...body });
    return { headers: { location: `/v1/datasets/${dataset.id}` }, body: dataset };
  });
