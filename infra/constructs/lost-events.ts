import { Duration } from 'aws-cdk-lib';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import type { CustomerKey } from './customer-key';
import type { ServiceFunction } from './service-function';
import type { Watch } from './watch';

/** Where an event goes that could not be delivered to a function, or that the function could not take in three tries. */
export class LostEvents extends Construct {
  readonly queue: Queue;
  readonly #key: CustomerKey;

  constructor(scope: Construct, id: string, key: CustomerKey) {
    super(scope, id);
    this.#key = key;
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(
      this.queue,
      'SQS3',
      'it is a dead-letter queue itself, of EventBridge rules and asynchronous invocations',
    );
  }

  /** Asynchronous invocations of this function that fail, and its events, end here. */
  behind(
    target: ServiceFunction,
    { retryAttempts, maxEventAge }: { retryAttempts: number; maxEventAge: Duration },
  ): LambdaFunction {
    target.allow({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] });
    this.#key.grantUse(target);
    target.configureAsyncInvoke({
      retryAttempts,
      maxEventAge,
      onFailure: { bind: () => ({ destination: this.queue.queueArn }) },
    });
    return new LambdaFunction(target, { deadLetterQueue: this.queue, retryAttempts, maxEventAge });
  }

  watches(): Watch[] {
    return [
      {
        id: 'LostEvents',
        description:
          'events of runs were lost: read them in this queue; the sweep will close their jobs at the deadline',
        metric: this.queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
        threshold: 1,
      },
    ];
  }
}
