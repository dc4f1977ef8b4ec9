import { routes } from '../../shared/contracts/routes';
import type { GetModelMetadata } from '../usecases/get-model-metadata';
import { type HttpEdge, route } from './route';

/** `GET /v2/models/{name}/versions/{version}` */
export const getModelVersionMetadataHandler = (deps: {
  edge: HttpEdge;
  getModelMetadata: GetModelMetadata;
}) =>
  route(routes['get-model-version-metadata'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.getModelMetadata({ tenant, ...params }),
  }));
