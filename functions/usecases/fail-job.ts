import type { JobFailure } from '../../shared/contracts/events';
import type { Clock } from '../../shared/ports/clock';
import type { JobStore } from '../../shared/stores/job-store';
import { endJob } from '../../shared/stores/job-transitions';
import { type CloseJobDependencies, closeJob } from './close-job';
import type { JobAddress } from './require-job';

export interface FailJobDependencies extends CloseJobDependencies {
  jobs: Pick<JobStore, 'update'>;
  clock: Clock;
}

/** Ends a job as failed, unless it has ended before, and closes it. */
export const failJob = (deps: FailJobDependencies) => {
  const close = closeJob(deps);
  return async ({ tenant, jobId }: JobAddress, error: JobFailure): Promise<void> => {
    const at = deps.clock.now().toISOString();
    const found = await deps.jobs.update(tenant, jobId, (job) => endJob(job, { state: 'failed', at, error }));
    if (found?.changed) await close(found.job, { runIsOver: false });
  };
};
