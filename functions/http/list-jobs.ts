import type { Job } from '../../shared/contracts/job';
import type { ListRequest, Page } from '../../shared/contracts/lists';
import { routes } from '../../shared/contracts/routes';
import { type HttpEdge, route } from './route';

/** `GET /v1/jobs` */
export const listJobsHandler = (deps: {
  edge: HttpEdge;
  listJobs: (request: ListRequest & { tenant: string }) => Promise<Page<Job>>;
}) =>
  route(routes['list-jobs'], deps.edge, async ({ tenant, query }) => ({
    body: await deps.listJobs({ tenant, ...query }),
  }));
