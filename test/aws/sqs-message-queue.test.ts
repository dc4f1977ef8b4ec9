import { randomUUID } from 'node:crypto';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { awsClientConfig } from '../../shared/adapters/aws/aws-client';
import { sqsMessageQueue } from '../../shared/adapters/aws/sqs-message-queue';
import { describeMessageQueue, type QueueSettings } from '../contract/ports/message-queue-contract';
import { describeOnMoto, moto } from '../support/moto';

const create = async (client: SQSClient, name: string, attributes: Record<string, string>) => {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { ...attributes, ...fifo } }),
  );
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  return { queueUrl: QueueUrl, arn: Attributes?.QueueArn ?? '' };
};

const make = async ({ visibilityTimeoutSeconds, maxReceives }: QueueSettings, ending: string) => {
  const client = new SQSClient(awsClientConfig(moto));
  const name = randomUUID();
  const dead = await create(client, `${name}-dead${ending}`, {});
  const queue = await create(client, `${name}${ending}`, {
    VisibilityTimeout: String(visibilityTimeoutSeconds),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: maxReceives }),
  });
  return {
    queue: sqsMessageQueue({ queueUrl: queue.queueUrl, connection: moto }),
    deadLetters: sqsMessageQueue({ queueUrl: dead.queueUrl, connection: moto }),
  };
};

describeOnMoto('the SQS message queue', () => {
  describeMessageQueue('the SQS message queue (FIFO)', { ordered: true }, (settings) =>
    make(settings, '.fifo'),
  );
  describeMessageQueue('the SQS message queue (standard, fair)', { ordered: false }, (settings) =>
    make(settings, ''),
  );
});
