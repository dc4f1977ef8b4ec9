import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type ContainerEvent, containerEvent } from '../../shared/contracts/events';
import { AppError } from '../../shared/errors/app-error';
import { asError, type JobLog } from '../usecases/job-log';
import { parsedJson } from '../usecases/parsed-json';

export interface RecordContainerEventsDependencies {
  recordContainerEvent: (event: ContainerEvent) => Promise<void>;
  log: JobLog;
}

const groupOf = ({ attributes, messageId }: SQSRecord) => attributes.MessageGroupId ?? messageId;

/** Whether the message is done with; one that no repetition mends is logged and dropped. */
async function record(deps: RecordContainerEventsDependencies, message: SQSRecord): Promise<boolean> {
  const parsed = containerEvent.safeParse(parsedJson(message.body));
  if (!parsed.success) {
    deps.log.error('dropped a container event', { message_id: message.messageId }, parsed.error);
    return true;
  }
  const { tenant, job_id: job, attempt } = parsed.data;
  try {
    await deps.recordContainerEvent(parsed.data);
    return true;
  } catch (error) {
    const line = { tenant, job, attempt, message_id: message.messageId };
    deps.log.error('a container event could not be recorded', line, asError(error));
    return error instanceof AppError && !error.retryable;
  }
}

/**
 * The events queue's handler (FIFO, one group for each job): after a message that failed, the rest of its group is
 * handed back too, so that none overtakes it.
 */
export const recordContainerEvents =
  (deps: RecordContainerEventsDependencies) =>
  async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failedGroups = new Set<string>();
    const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
    for (const message of Records) {
      const group = groupOf(message);
      if (!failedGroups.has(group) && (await record(deps, message))) continue;
      failedGroups.add(group);
      batchItemFailures.push({ itemIdentifier: message.messageId });
    }
    return { batchItemFailures };
  };
