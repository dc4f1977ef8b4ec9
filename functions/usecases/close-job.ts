import { objectKeys } from '../../shared/contracts/job-files';
import type { BatchRunner } from '../../shared/ports/batch-runner';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { JobRecord } from '../../shared/stores/job-record';
import type { OpenJobs } from '../../shared/stores/open-jobs';
import { applyFailure, type EffectStores } from './job-effects';

export interface CloseJobDependencies extends EffectStores {
  open: Pick<OpenJobs, 'remove'>;
  objects: Pick<ObjectStore, 'list' | 'remove'>;
  runner: Pick<BatchRunner, 'terminate'>;
}

/** What closing needs to know beside the job. */
export interface Closing {
  /** The runner itself told of the end: there is nothing left to stop. */
  runIsOver: boolean;
}

/**
 * Does what a job's end asks for: stops its run, tells what waited for it that nothing comes, and removes its
 * checkpoints. Every step may be done twice, and the index of open jobs forgets the job last, so that a sweep finds and
 * closes again what a crash left half closed.
 */
export const closeJob =
  ({ open, objects, runner, ...stores }: CloseJobDependencies) =>
  async (job: JobRecord, { runIsOver }: Closing): Promise<void> => {
    const runId = job.run?.id;
    if (!runIsOver && runId !== undefined && job.state !== 'succeeded') {
      await runner.terminate(runId, job.reason ?? job.error?.detail ?? `the job has ${job.state}`);
    }
    if (job.state !== 'succeeded') await applyFailure(stores, job);
    for await (const { key } of objects.list(objectKeys.checkpointPrefix(job.tenant, job.id))) {
      await objects.remove(key);
    }
    await open.remove(job.id);
  };
