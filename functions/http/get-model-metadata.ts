import { routes } from '../../shared/contracts/routes';
import type { GetModelMetadata } from '../usecases/get-model-metadata';
import { type HttpEdge, route } from './route';

/** `GET /v2/models/{name}` */
export const getModelMetadataHandler = (deps: { edge: HttpEdge; getModelMetadata: GetModelMetadata }) =>
  route(routes['get-model-metadata'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.getModelMetadata({ tenant, ...params }),
  }));
