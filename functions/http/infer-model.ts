import { routes } from '../../shared/contracts/routes';
import type { InferModel } from '../usecases/infer-model';
import { refuseBinaryBody } from './refuse-binary-body';
import { type HttpEdge, route } from './route';

/** `POST /v2/models/{name}/infer` */
export const inferModelHandler = (deps: { edge: HttpEdge; inferModel: InferModel }) =>
  route(routes['infer-model'], deps.edge, async ({ tenant, params, headers, body }) => {
    refuseBinaryBody(headers);
    return { body: await deps.inferModel({ tenant, ...params }, body) };
  });
