import type { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { fiveMinutes, type Watch } from './watch';

const stateChange = 'Batch Job State Change';

/** One rule for each thing worth counting, so that EventBridge's own metrics count it; together they miss no state. */
const rules = {
  Moved: { detailType: stateChange, status: ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING'] },
  Succeeded: { detailType: stateChange, status: ['SUCCEEDED'] },
  Failed: { detailType: stateChange, status: ['FAILED'] },
  Blocked: { detailType: 'Batch Job Queue Blocked', status: undefined },
} as const;

export interface RunEventsProps {
  jobQueueArns: readonly string[];
  target: IRuleTarget;
}

/** What AWS Batch says of runs on our job queues, sent to the recorder and counted. */
export class RunEvents extends Construct {
  readonly #rules: Record<keyof typeof rules, Rule>;

  constructor(scope: Construct, id: string, { jobQueueArns, target }: RunEventsProps) {
    super(scope, id);
    const rule = (name: keyof typeof rules) => {
      const { detailType, status } = rules[name];
      return new Rule(this, name, {
        description: `Ingot: ${detailType}${status === undefined ? '' : ` to ${status.join(', ')}`}`,
        eventPattern: {
          source: ['aws.batch'],
          detailType: [detailType],
          detail: { jobQueue: [...jobQueueArns], ...(status === undefined ? {} : { status: [...status] }) },
        },
        targets: [target],
      });
    };
    this.#rules = {
      Moved: rule('Moved'),
      Succeeded: rule('Succeeded'),
      Failed: rule('Failed'),
      Blocked: rule('Blocked'),
    };
  }

  metric(name: keyof typeof rules, period: Duration = fiveMinutes): Metric {
    return new Metric({
      namespace: 'AWS/Events',
      metricName: 'TriggeredRules',
      dimensionsMap: { RuleName: this.#rules[name].ruleName },
      statistic: 'Sum',
      label: name,
      period,
    });
  }

  watches(): Watch[] {
    return [
      {
        id: 'JobsFailed',
        description:
          'several jobs failed within five minutes: read their errors (GET /v1/jobs), then the container logs',
        metric: this.metric('Failed'),
        threshold: 3,
      },
      {
        id: 'JobsBlocked',
        description:
          'a Batch queue is blocked: its first job waits for capacity, quota or a size that no machine has',
        metric: this.metric('Blocked'),
        threshold: 1,
      },
    ];
  }
}
