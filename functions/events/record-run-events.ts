import type { RunEvent } from '../../shared/contracts/events';
import type { JobLog } from '../usecases/job-log';
import { batchJobEvent, runEventsOf } from './batch-job-event';

export interface RecordRunEventsDependencies {
  recordRunEvent: (event: RunEvent) => Promise<void>;
  log: JobLog;
}

/**
 * The handler of EventBridge's events of AWS Batch. What it throws, Lambda tries again; what it cannot read, it logs and
 * drops.
 */
export const recordRunEvents =
  ({ recordRunEvent, log }: RecordRunEventsDependencies) =>
  async (event: unknown): Promise<void> => {
    const parsed = batchJobEvent.safeParse(event);
    if (!parsed.success) return log.error('dropped an event of AWS Batch', {}, parsed.error);
    const events = runEventsOf(parsed.data);
    if (events.length === 0) log.warn('a run of AWS Batch names no job', { run: parsed.data.detail.jobId });
    for (const told of events) await recordRunEvent(told);
  };
