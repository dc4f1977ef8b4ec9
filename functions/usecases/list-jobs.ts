import type { Job } from '../../shared/contracts/job';
import type { ListRequest, Page } from '../../shared/contracts/lists';
import { publicJob } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import { answeredPage } from './answered-page';

/** A page of a tenant's jobs, newest first unless asked otherwise. */
export const listJobs =
  ({ jobs }: { jobs: Pick<JobStore, 'list'> }) =>
  async ({ tenant, ...page }: ListRequest & { tenant: string }): Promise<Page<Job>> => {
    const found = await jobs.list(tenant, page);
    return answeredPage(found.jobs.map(publicJob), found.hasMore);
  };
