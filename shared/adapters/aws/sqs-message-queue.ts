import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { PayloadTooLargeError } from '../../errors/request-errors';
import { DependencyError } from '../../errors/store-errors';
import type { MessageQueue, OutgoingMessage, ReceivedMessage } from '../../ports/message-queue';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { awsErrorName, callAws, explainAwsError } from './aws-errors';

export interface SqsMessageQueueOptions {
  /** Of a standard queue (a message's group is its share of a fair queue), or of a FIFO queue (it keeps the group's order). */
  queueUrl: string;
  connection?: AwsConnection;
}

interface Queue {
  client: SQSClient;
  queueUrl: string;
}

/** An attempt may wait for messages, and then some. */
const attemptMs = 30_000;

const batchMessages = 10;
const batchBytes = 1024 * 1024;
const longestWaitSeconds = 20;
const sendAttempts = 4;

const isFifo = (queueUrl: string): boolean => queueUrl.endsWith('.fifo');

/** Without a deduplication id, a FIFO queue's message is unlike any other. */
const entryOf = (queueUrl: string, message: OutgoingMessage): SendMessageBatchRequestEntry => ({
  Id: randomUUID(),
  MessageBody: message.body,
  MessageGroupId: message.group,
  ...(isFifo(queueUrl) ? { MessageDeduplicationId: message.deduplicationId ?? randomUUID() } : {}),
});

const bytesOf = ({ MessageBody = '' }: SendMessageBatchRequestEntry): number =>
  Buffer.byteLength(MessageBody);

const refuseTooLarge = (entry: SendMessageBatchRequestEntry): void => {
  if (bytesOf(entry) > batchBytes)
    throw new PayloadTooLargeError(
      `a message of ${bytesOf(entry)} bytes is too large: at most ${batchBytes} are allowed`,
    );
};

/** Batches of at most ten messages and one mebibyte. */
const inBatches = (entries: readonly SendMessageBatchRequestEntry[]): SendMessageBatchRequestEntry[][] => {
  const batches: SendMessageBatchRequestEntry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const last = batches.at(-1);
    if (last === undefined || last.length === batchMessages || bytesOf(entry) > room) {
      batches.push([entry]);
      room = batchBytes - bytesOf(entry);
    } else {
      last.push(entry);
      room -= bytesOf(entry);
    }
  }
  return batches;
};

const failure = (failed: readonly BatchResultErrorEntry[]): DependencyError => {
  const reasons = failed.map(({ Code, Message }) => `${Code}: ${Message}`).join('; ');
  const retryable = failed.every(({ SenderFault }) => SenderFault !== true);
  return new DependencyError(`SQS took all but ${failed.length} of the messages (${reasons})`, { retryable });
};

/** SQS may take a part of a batch: the rest is sent again, unless it is our fault. */
const sendBatch = async (
  { client, queueUrl }: Queue,
  batch: SendMessageBatchRequestEntry[],
): Promise<void> => {
  let entries = batch;
  for (let attempt = 1; ; attempt += 1) {
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries });
    const { Failed = [] } = await callAws('send messages', client.send(command));
    if (Failed.length === 0) return;
    if (attempt === sendAttempts || Failed.some(({ SenderFault }) => SenderFault === true))
      throw failure(Failed);
    entries = entries.filter(({ Id }) => Failed.some((failed) => failed.Id === Id));
    await sleep(50 * 2 ** attempt);
  }
};

const received = (message: Message): ReceivedMessage => ({
  id: message.MessageId ?? '',
  body: message.Body ?? '',
  group: message.Attributes?.MessageGroupId ?? '',
  receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
  receipt: message.ReceiptHandle ?? '',
});

const receive = async (
  { client, queueUrl }: Queue,
  { limit, waitSeconds }: { limit: number; waitSeconds: number },
): Promise<ReceivedMessage[]> => {
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: Math.min(limit, batchMessages),
    WaitTimeSeconds: Math.min(waitSeconds, longestWaitSeconds),
    MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
  });
  const { Messages = [] } = await callAws('receive messages', client.send(command));
  return Messages.map(received);
};

const isLeaseOver = (error: unknown): boolean =>
  ['ReceiptHandleIsInvalid', 'MessageNotInflight', 'InvalidParameterValue'].includes(awsErrorName(error));

/** A receipt whose lease has ended does nothing: whoever has the message now decides. */
const unlessLeaseIsOver = async (doing: string, call: Promise<unknown>): Promise<void> => {
  try {
    await call;
  } catch (error) {
    if (!isLeaseOver(error)) throw explainAwsError(doing, error);
  }
};

/**
 * A queue in SQS. Visibility timeout, receive limit and dead-letter queue are the queue's own settings. `waitSeconds` is
 * cut at 20 and `limit` at 10. Where a FIFO queue takes a part of a batch only, the rest arrives out of order.
 */
export const sqsMessageQueue = ({ queueUrl, connection }: SqsMessageQueueOptions): MessageQueue => {
  const client = new SQSClient(awsClientConfig(connection, { request: attemptMs }));
  const queue = { client, queueUrl };
  return {
    async send(messages) {
      const entries = messages.map((message) => entryOf(queueUrl, message));
      entries.forEach(refuseTooLarge);
      for (const batch of inBatches(entries)) await sendBatch(queue, batch);
    },
    receive: (request) => receive(queue, request),
    acknowledge: (receipt) =>
      unlessLeaseIsOver(
        'acknowledge a message',
        client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receipt })),
      ),
    release: (receipt, delaySeconds) =>
      unlessLeaseIsOver(
        'release a message',
        client.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: queueUrl,
            ReceiptHandle: receipt,
            VisibilityTimeout: Math.ceil(delaySeconds),
          }),
        ),
      ),
  };
};
