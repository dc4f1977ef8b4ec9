import type { Job } from '../../shared/contracts/job';
import { routes } from '../../shared/contracts/routes';
import type { JobAddress } from '../usecases/require-job';
import { type HttpEdge, route } from './route';

/** `GET /v1/jobs/{id}` */
export const getJobHandler = (deps: { edge: HttpEdge; getJob: (address: JobAddress) => Promise<Job> }) =>
  route(routes['get-job'], deps.edge, async ({ tenant, params }) => ({
    body: await deps.getJob({ tenant, jobId: params.id }),
  }));
