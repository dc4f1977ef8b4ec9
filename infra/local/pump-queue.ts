import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { MessageQueue, ReceivedMessage } from '../../shared/ports/message-queue';

const recordOf = (message: ReceivedMessage): SQSRecord => ({
  messageId: message.id,
  receiptHandle: message.receipt,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(Date.now()),
    SenderId: 'local',
    ApproximateFirstReceiveTimestamp: String(Date.now()),
    MessageGroupId: message.group,
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:local:000000000000:local',
  awsRegion: 'local',
});

const redeliveryDelaySeconds = 1;

/** Lambda's event source mapping at home: hands a queue's messages to a handler until stopped. */
export function pumpQueue(
  queue: MessageQueue,
  handler: (event: SQSEvent) => Promise<SQSBatchResponse>,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let stopping = false;

  async function handle(messages: ReceivedMessage[]): Promise<void> {
    const { batchItemFailures } = await handler({ Records: messages.map(recordOf) });
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { id, receipt } of messages) {
      await (failed.has(id) ? queue.release(receipt, redeliveryDelaySeconds) : queue.acknowledge(receipt));
    }
  }

  async function loop(): Promise<void> {
    while (!stopping) {
      try {
        const messages = await queue.receive({ limit: 10, waitSeconds: 1 });
        if (messages.length > 0) await handle(messages);
      } catch (error) {
        onError(error);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  const done = loop();
  return {
    async stop() {
      stopping = true;
      await done;
    },
  };
}
