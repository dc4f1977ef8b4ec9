import type { JobFailure, RunEvent } from '../../shared/contracts/events';
import { AppError } from '../../shared/errors/app-error';
import type { ObjectStore } from '../../shared/ports/object-store';
import { isEnd, type JobRecord } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import { endJob, type JobEnd } from '../../shared/stores/job-transitions';
import { type CloseJobDependencies, closeJob } from './close-job';
import { describeFailure } from './describe-failure';
import { applyFailure, applyResult } from './job-effects';
import { verifyManifest } from './verify-manifest';

export interface SettleJobDependencies extends CloseJobDependencies {
  jobs: Pick<JobStore, 'update'>;
  objects: ObjectStore;
}

const failed = (at: string, error: JobFailure): JobEnd => ({ state: 'failed', at, error });

/** What no repetition mends: the job fails of it. Anything else is thrown, and tried again. */
const isFinal = (error: unknown): error is AppError => error instanceof AppError && !error.retryable;

async function judge(deps: SettleJobDependencies, job: JobRecord, event: RunEvent): Promise<JobEnd> {
  try {
    if (event.state !== 'succeeded') {
      return failed(event.at, await describeFailure(deps.objects, job, event));
    }
    const manifest = await verifyManifest(deps.objects, job, event.attempt);
    return { state: 'succeeded', at: event.at, output: await applyResult(deps, job, manifest) };
  } catch (error) {
    if (!isFinal(error)) throw error;
    return failed(event.at, { code: error.code, detail: error.message });
  }
}

/**
 * Carries a job whose run's end is believed (`ending`) to its own end: checks what the run left, applies it, and only
 * then says so, so that whoever sees `succeeded` can use what came of the job. All of it may run twice, or again after a
 * crash at any point.
 */
export const settleJob = (deps: SettleJobDependencies) => {
  const close = closeJob(deps);
  return async (job: JobRecord): Promise<void> => {
    if (job.ending === undefined || isEnd(job.state)) return;
    const end = await judge(deps, job, job.ending);
    if (end.state !== 'succeeded') await applyFailure(deps, { ...job, ...end });
    const found = await deps.jobs.update(job.tenant, job.id, (current) => endJob(current, end));
    if (found !== undefined) await close(found.job, { runIsOver: true });
  };
};
