import type { JobFailure } from '../../shared/contracts/events';
import type { Clock } from '../../shared/ports/clock';
import type { JobStore } from '../../shared/stores/job-store';
import { endJob, isUndispatched } from '../../shared/stores/job-transitions';
import { type CloseJobDependencies, closeJob } from './close-job';
import type { JobAddress } from './require-job';

export interface FailDispatchDependencies extends CloseJobDependencies {
  jobs: Pick<JobStore, 'update'>;
  clock: Clock;
}

/** Ends a job that cannot be dispatched as failed, and closes it; one that somebody has dispatched after all goes on. */
export const failDispatch = (deps: FailDispatchDependencies) => {
  const close = closeJob(deps);
  return async ({ tenant, jobId }: JobAddress, error: JobFailure): Promise<void> => {
    const at = deps.clock.now().toISOString();
    const found = await deps.jobs.update(tenant, jobId, (job) =>
      isUndispatched(job) ? endJob(job, { state: 'failed', at, error }) : undefined,
    );
    if (found?.changed) await close(found.job, { runIsOver: false });
  };
};
