import type { Job } from '../../shared/contracts/job';
import { ConflictError, NotFoundError } from '../../shared/errors/request-errors';
import type { Clock } from '../../shared/ports/clock';
import { isEnd, type JobRecord, publicJob } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import { requestCancel } from '../../shared/stores/job-transitions';
import { type CloseJobDependencies, closeJob } from './close-job';
import { asError, type JobLog } from './job-log';
import type { JobAddress } from './require-job';

export interface CancelJobDependencies extends CloseJobDependencies {
  jobs: Pick<JobStore, 'update'>;
  clock: Clock;
  log: JobLog;
}

function refusal(job: JobRecord): ConflictError {
  const state = isEnd(job.state) ? `has ${job.state} already` : 'is finishing: its run has ended';
  return new ConflictError(`the job ${state}; only a job that has not ended can be cancelled`, 'job_ended');
}

/**
 * Cancels a job at once, whatever it does, and stops its run; cancelling it again changes nothing. `ConflictError` where
 * it has ended otherwise, or where its end is being recorded.
 */
export const cancelJob = (deps: CancelJobDependencies) => {
  const close = closeJob(deps);
  return async ({ tenant, jobId }: JobAddress): Promise<Job> => {
    const at = deps.clock.now().toISOString();
    const found = await deps.jobs.update(tenant, jobId, (job) =>
      requestCancel(job, at, 'cancelled by its owner'),
    );
    if (found === undefined) throw new NotFoundError('job', jobId);
    const { job } = found;
    if (job.state !== 'cancelled') throw refusal(job);
    // it is cancelled, come what may; a run that cannot be stopped now is stopped by the next sweep
    await close(job, { runIsOver: false }).catch((error: unknown) =>
      deps.log.error('a cancelled job is not closed yet', { tenant, job: jobId }, asError(error)),
    );
    return publicJob(job);
  };
};
