import { routes } from '../../shared/contracts/routes';
import type { PredictSimple } from '../usecases/predict-simple';
import { type HttpEdge, route } from './route';

/** `POST /api/predict` */
export const predictSimpleHandler = (deps: { edge: HttpEdge; predictSimple: PredictSimple }) =>
  route(routes['predict-simple'], deps.edge, async ({ tenant, body }) => ({
    body: await deps.predictSimple({ tenant, ...body }),
  }));
