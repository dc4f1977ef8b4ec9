import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DependencyError } from '../../errors/store-errors';
import type { MessageQueue, OutgoingMessage, ReceivedMessage } from '../../ports/message-queue';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws } from './aws-errors';

export interface SqsMessageQueueOptions {
  /** A URL that ends in `.fifo` is a FIFO queue; on a standard one the group makes it a fair queue. */
  queueUrl: string;
  connection?: AwsConnection;
}

const largestBatch = 10;
const longestWaitSeconds = 20;

const entryOf = (message: OutgoingMessage, index: number, isFifo: boolean): SendMessageBatchRequestEntry => ({
  Id: String(index),
  MessageBody: message.body,
  MessageGroupId: message.group,
  ...(isFifo && message.deduplicationId !== undefined
    ? { MessageDeduplicationId: message.deduplicationId }
    : {}),
});

const receivedOf = ({ MessageId, Body, Attributes, ReceiptHandle }: Message): ReceivedMessage => ({
  id: MessageId ?? '',
  body: Body ?? '',
  group: Attributes?.MessageGroupId ?? '',
  receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
  receipt: ReceiptHandle ?? '',
});

function* batchesOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += largestBatch)
    yield items.slice(start, start + largestBatch);
}

/** An SQS queue. A batch that SQS takes only in part is an error, so that its sender sends it again. */
export function sqsMessageQueue({ queueUrl: QueueUrl, connection }: SqsMessageQueueOptions): MessageQueue {
  const client = new SQSClient(awsClientConfig(connection, { request: (longestWaitSeconds + 10) * 1_000 }));
  const isFifo = QueueUrl.endsWith('.fifo');

  async function sendBatch(messages: readonly OutgoingMessage[]): Promise<void> {
    const Entries = messages.map((message, index) => entryOf(message, index, isFifo));
    const { Failed = [] } = await callAws(
      'send messages',
      client.send(new SendMessageBatchCommand({ QueueUrl, Entries })),
    );
    const [first] = Failed;
    if (first === undefined) return;
    throw new DependencyError(
      `SQS refused ${Failed.length} of ${messages.length} messages (${first.Code}: ${first.Message ?? 'no reason given'})`,
      { retryable: first.SenderFault !== true },
    );
  }

  return {
    async send(messages) {
      for (const batch of batchesOf(messages)) await sendBatch(batch);
    },
    async receive({ limit, waitSeconds }) {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: Math.min(limit, largestBatch),
        WaitTimeSeconds: Math.min(waitSeconds, longestWaitSeconds),
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
      });
      const { Messages = [] } = await callAws('receive messages', client.send(command));
      return Messages.map(receivedOf);
    },
    async acknowledge(receipt) {
      await callAws(
        'acknowledge a message',
        client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })),
      );
    },
    async release(receipt, delaySeconds) {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: receipt,
        VisibilityTimeout: delaySeconds,
      });
      await callAws('release a message', client.send(command));
    },
  };
}
