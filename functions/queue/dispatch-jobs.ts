import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type DispatchMessage, dispatchMessage } from '../../shared/contracts/events';
import { AppError } from '../../shared/errors/app-error';
import { asError, type JobLog } from '../usecases/job-log';
import { parsedJson } from '../usecases/parsed-json';
import type { JobAddress } from '../usecases/require-job';

export interface DispatchJobsDependencies {
  startJob: (address: JobAddress) => Promise<void>;
  failDispatch: (address: JobAddress, error: { code: string; detail: string }) => Promise<void>;
  log: JobLog;
  /** As the queue's redrive policy says: a message that fails so often for no known reason fails its job. */
  maximumReceives: number;
}

const isSpent = (record: SQSRecord, maximumReceives: number) =>
  Number(record.attributes.ApproximateReceiveCount) >= maximumReceives;

async function dispatch(deps: DispatchJobsDependencies, record: SQSRecord, message: DispatchMessage) {
  const address = { tenant: message.tenant, jobId: message.job_id };
  const line = { tenant: message.tenant, job: message.job_id, message_id: record.messageId };
  try {
    await deps.startJob(address);
    return true;
  } catch (error) {
    deps.log.error('a job could not be dispatched', line, asError(error));
    const mayRecover = error instanceof AppError && error.retryable;
    if (mayRecover || !isSpent(record, deps.maximumReceives)) return false;
    await deps.failDispatch(address, {
      code: 'dispatch_failed',
      detail: 'the job could not be dispatched, however often it was tried',
    });
    return true;
  }
}

/**
 * The job queue's handler: each message dispatches its job. What may go well later is handed back to the queue; a
 * message that nobody can read is logged and dropped, for a sweep sends a new one for every job that still waits.
 */
export const dispatchJobs =
  (deps: DispatchJobsDependencies) =>
  async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
    for (const record of Records) {
      const message = dispatchMessage.safeParse(parsedJson(record.body));
      if (!message.success) {
        deps.log.error('dropped a dispatch message', { message_id: record.messageId }, message.error);
        continue;
      }
      const isDone = await dispatch(deps, record, message.data).catch(() => false);
      if (!isDone) batchItemFailures.push({ itemIdentifier: record.messageId });
    }
    return { batchItemFailures };
  };
