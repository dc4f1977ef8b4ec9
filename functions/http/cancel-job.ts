import type { Job } from '../../shared/contracts/job';
import { routes } from '../../shared/contracts/routes';
import type { JobAddress } from '../usecases/require-job';
import { type HttpEdge, route } from './route';

/** `POST /v1/jobs/{id}/cancel` */
export const cancelJobHandler = (deps: {
  edge: HttpEdge;
  cancelJob: (address: JobAddress) => Promise<Job>;
}) =>
  route(routes['cancel-job'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.cancelJob({ tenant, jobId: params.id }),
  }));
