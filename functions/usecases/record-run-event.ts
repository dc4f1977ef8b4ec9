import type { RunEvent } from '../../shared/contracts/events';
import type { BatchRunner } from '../../shared/ports/batch-runner';
import { isEnd, type JobRecord } from '../../shared/stores/job-record';
import { applyRunEvent, isForeign } from '../../shared/stores/job-transitions';
import { closeJob } from './close-job';
import type { JobLog } from './job-log';
import { type SettleJobDependencies, settleJob } from './settle-job';

export interface RecordRunEventDependencies extends SettleJobDependencies {
  runner: Pick<BatchRunner, 'terminate'>;
  log: JobLog;
}

const isOver = ({ state }: RunEvent) => state === 'succeeded' || state === 'failed';

/** Behind a success only a further attempt is unwanted: the successful one is over, whatever of it comes late. */
const isTooLate = ({ state, attempt }: JobRecord, event: RunEvent): boolean =>
  isEnd(state) && (state !== 'succeeded' || event.attempt > attempt);

const isUnwanted = (job: JobRecord | undefined, event: RunEvent): boolean =>
  job === undefined || isForeign(job, event) || isTooLate(job, event);

const whyUnwanted = (job: JobRecord | undefined): string => {
  if (job === undefined) return 'no job asks for this run';
  return isEnd(job.state) ? `the job has ${job.state}` : `the job runs as ${job.run?.id ?? 'nothing yet'}`;
};

/**
 * Takes what the runner tells of a run to the run's job. Safe to call twice with one event, and with events in any
 * order. A run that its job does not want (it has ended meanwhile, or has another run) is stopped.
 */
export const recordRunEvent = (deps: RecordRunEventDependencies) => {
  const settle = settleJob(deps);
  const close = closeJob(deps);
  return async (event: RunEvent): Promise<void> => {
    const { tenant, job_id, run_id } = event;
    const found = await deps.jobs.update(tenant, job_id, (job) => applyRunEvent(job, event));
    const job = found?.job;
    if (isUnwanted(job, event) && !isOver(event)) {
      deps.log.warn('stopping an unwanted run', { tenant, job: job_id, run: run_id, state: event.state });
      return deps.runner.terminate(run_id, whyUnwanted(job));
    }
    if (job === undefined || isForeign(job, event) || !isOver(event)) return;
    await (isEnd(job.state) ? close(job, { runIsOver: true }) : settle(job));
  };
};
