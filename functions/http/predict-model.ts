import { routes } from '../../shared/contracts/routes';
import type { PredictModel } from '../usecases/predict-model';
import { type HttpEdge, route } from './route';

/** `POST /v1/models/{name}/predict` */
export const predictModelHandler = (deps: { edge: HttpEdge; predictModel: PredictModel }) =>
  route(routes['predict-model'], deps.edge, async ({ tenant, params, query, body }) => ({
    body: await deps.predictModel({ tenant, ...params, ...query, ...body }),
  }));
