import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
  type QueueProps,
} from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CustomerKey } from './customer-key';
import type { ServiceFunction } from './service-function';
import type { Watch } from './watch';
import type { Workload } from './workload';

export interface WorkQueueProps {
  key: CustomerKey;
  /** `fair`: tenants share a standard queue by MessageGroupId. `ordered`: FIFO, exactly in order within a group. */
  order: 'fair' | 'ordered';
  /** Of the function that takes from it; a message stays hidden six times as long, as AWS advises. */
  consumerTimeout: Duration;
  /** How often a message is handed out before it goes to the dead-letter queue. */
  receives: number;
  /** The variable that tells a sender the queue's URL. */
  urlVariable: 'INGOT_JOB_QUEUE_URL' | 'INGOT_EVENT_QUEUE_URL';
  /** A message may wait so long before somebody should look. */
  patience: Duration;
}

export interface ConsumeOptions {
  batchSize: number;
  maxConcurrency: number;
}

const ordered: QueueProps = {
  fifo: true,
  contentBasedDeduplication: false,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
};

/** A queue and the dead-letter queue behind it, both encrypted under the customer's key and over TLS only. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #props: WorkQueueProps;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    this.#props = props;
    const common: QueueProps = {
      ...(props.order === 'ordered' ? ordered : {}),
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: props.key,
      dataKeyReuse: Duration.minutes(5),
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', common);
    this.queue = new Queue(this, 'Queue', {
      ...common,
      visibilityTimeout: Duration.seconds(props.consumerTimeout.toSeconds() * 6),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.receives },
    });
  }

  grantSend(workload: Workload): void {
    workload.allow({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] });
    workload.setVariable(this.#props.urlVariable, this.queue.queueUrl);
    this.#props.key.grantUse(workload);
  }

  /** Messages that it could not take come back one by one, not with their whole batch. */
  feed(consumer: ServiceFunction, { batchSize, maxConcurrency }: ConsumeOptions): void {
    consumer.addEventSource(
      new SqsEventSource(this.queue, { batchSize, maxConcurrency, reportBatchItemFailures: true }),
    );
  }

  watches(): Watch[] {
    const { id } = this.node;
    const minutes = this.#props.patience.toMinutes();
    return [
      {
        id: `${id}DeadLetters`,
        description: `messages of ${id} were given up: read them, mend the cause, and redrive them from the console`,
        metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
        threshold: 1,
      },
      {
        id: `${id}Waiting`,
        description: `a message of ${id} has waited for more than ${minutes} minutes: its consumer fails or is throttled`,
        metric: this.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum' }),
        threshold: this.#props.patience.toSeconds(),
      },
    ];
  }
}
