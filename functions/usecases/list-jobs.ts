import type { Job } from '../../shared/contracts/job';
import type { ListRequest, Page } from '../../shared/contracts/lists';
import { publicJob } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';

/** A page of a tenant's jobs, newest first unless asked otherwise. */
export const listJobs =
  ({ jobs }: { jobs: Pick<JobStore, 'list'> }) =>
  async ({ tenant, ...page }: ListRequest & { tenant: string }): Promise<Page<Job>> => {
    const found = await jobs.list(tenant, page);
    return { object: 'list', data: found.jobs.map(publicJob), has_more: found.hasMore };
  };
