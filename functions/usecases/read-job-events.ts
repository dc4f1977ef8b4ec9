import type { JobEvent } from '../../shared/contracts/events';
import type { Page } from '../../shared/contracts/lists';
import type { JobEvents } from '../../shared/stores/job-events';
import type { JobStore } from '../../shared/stores/job-store';
import { type JobAddress, requireJob } from './require-job';

export interface ReadJobEventsDependencies {
  jobs: Pick<JobStore, 'get'>;
  events: Pick<JobEvents, 'read'>;
}

/** A page of a job's events, oldest first, behind the number `after`. */
export const readJobEvents =
  ({ jobs, events }: ReadJobEventsDependencies) =>
  async ({
    after,
    limit,
    ...address
  }: JobAddress & { after: number; limit: number }): Promise<Page<JobEvent>> => {
    const page = await events.read(await requireJob(jobs, address), { after, limit });
    return { object: 'list', data: page.events, has_more: page.hasMore };
  };
