import { routes } from '../../shared/contracts/routes';
import type { listJobOutputs } from '../usecases/list-job-outputs';
import { type HttpEdge, route } from './route';

/** `GET /v1/jobs/{id}/outputs` */
export const listJobOutputsHandler = (deps: {
  edge: HttpEdge;
  listJobOutputs: ReturnType<typeof listJobOutputs>;
}) =>
  route(routes['list-job-outputs'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.listJobOutputs({ tenant, jobId: params.id }),
  }));
