import type { Job } from '../../shared/contracts/job';
import { routes } from '../../shared/contracts/routes';
import type { JobSubmission } from '../usecases/submit-job';
import { type HttpEdge, route } from './route';

/** `POST /v1/jobs` */
export const submitJobHandler = (deps: {
  edge: HttpEdge;
  submitJob: (submission: JobSubmission) => Promise<Job>;
}) =>
  route(routes['submit-job'], deps.edge, async ({ tenant, body, intent }) => {
    const deduplicationKey = intent === undefined ? undefined : `request:${intent}`;
    const job = await deps.submitJob({ tenant, ...body, deduplicationKey });
    return { headers: { location: `/v1/jobs/${job.id}` }, body: job };
  });
