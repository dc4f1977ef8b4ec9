import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { ServiceFunction } from '../constructs/service-function';
import { alarmOf, fiveMinutes, type Watch } from '../constructs/watch';
import type { StageConfig } from '../stages';
import type { ApiStack } from './api-stack';
import type { DataStack } from './data-stack';
import type { JobsStack } from './jobs-stack';

export interface ObservabilityStackProps extends StackProps {
  stage: StageConfig;
  data: DataStack;
  jobs: JobsStack;
  api: ApiStack;
}

const sumOf = { period: fiveMinutes, statistic: 'Sum' } as const;

/** What people look at and are woken by: alarms to one topic, and one dashboard. */
export class ObservabilityStack extends Stack {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    const { stage, data, jobs, api, ...stackProps } = props;
    super(scope, id, { ...stackProps, description: 'Ingot: alarms and dashboard' });
    this.topic = new Topic(this, 'Alarms', {
      displayName: `Ingot ${stage.name}`,
      masterKey: data.key,
      enforceSSL: true,
    });
    if (stage.alarmEmail !== undefined) this.topic.addSubscription(new EmailSubscription(stage.alarmEmail));
    const alarms = watchesOf(props).map((watch) => this.#wire(watch));
    this.#dashboard(props, alarms);
    new CfnOutput(this, 'AlarmTopicArn', { value: this.topic.topicArn });
  }

  #wire(watch: Watch): Alarm {
    const alarm = alarmOf(this, watch);
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    return alarm;
  }

  #dashboard(props: ObservabilityStackProps, alarms: Alarm[]): void {
    new Dashboard(this, 'Dashboard', {
      dashboardName: `ingot-${props.stage.name}`,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 4 })],
        apiGraphs(props),
        predictGraphs(props),
        jobGraphs(props),
        recordAndFunctionGraphs(props),
      ],
    });
  }
}

const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
  new GraphWidget({ title, left, right, width: 12, height: 6 });

function apiGraphs({ api }: ObservabilityStackProps): GraphWidget[] {
  const { deploymentStage } = api.api.api;
  const latency = (statistic: string) => deploymentStage.metricLatency({ statistic, label: statistic });
  return [
    graph(
      'API: requests and errors',
      [deploymentStage.metricCount(sumOf)],
      [deploymentStage.metricClientError(sumOf), deploymentStage.metricServerError(sumOf)],
    ),
    graph('API: latency', ['p50', 'p90', 'p99'].map(latency)),
  ];
}

function predictGraphs({ api: { predict } }: ObservabilityStackProps): GraphWidget[] {
  const duration = (statistic: string) => predict.metricDuration({ statistic, label: statistic });
  return [
    graph('Predict: duration', ['p50', 'p99'].map(duration)),
    graph('Predict: calls, errors, throttles', [
      predict.metricInvocations(sumOf),
      predict.metricErrors(sumOf),
      predict.metricThrottles(sumOf),
    ]),
  ];
}

function jobGraphs({ jobs }: ObservabilityStackProps): GraphWidget[] {
  const waiting = ({ queue }: typeof jobs.jobQueue, label: string) =>
    queue.metricApproximateNumberOfMessagesVisible({ label });
  return [
    graph(
      'Jobs',
      (['Succeeded', 'Failed', 'Blocked'] as const).map((outcome) => jobs.runEvents.metric(outcome)),
    ),
    graph('Queues: messages waiting', [
      waiting(jobs.jobQueue, 'dispatch'),
      waiting(jobs.eventQueue, 'container events'),
    ]),
  ];
}

function recordAndFunctionGraphs({ data, jobs, api }: ObservabilityStackProps): GraphWidget[] {
  const errors = (one: ServiceFunction) => one.metricErrors({ ...sumOf, label: one.entryName });
  return [
    graph('Records: capacity', [
      data.records.metricConsumedReadCapacityUnits(),
      data.records.metricConsumedWriteCapacityUnits(),
    ]),
    graph('Functions: errors', [...api.functions, ...jobs.functions].map(errors)),
  ];
}

/** Any function that is throttled: the account's or the function's own concurrency is used up. */
function throttledFunctions(functions: readonly ServiceFunction[]): Watch {
  const throttles = functions.map((one, index) => [`throttles${index}`, one.metricThrottles(sumOf)] as const);
  return {
    id: 'FunctionsThrottled',
    description:
      'functions are throttled: ask for a higher concurrency quota, or raise what is reserved for them',
    metric: new MathExpression({
      expression: throttles.map(([name]) => `FILL(${name}, 0)`).join(' + '),
      usingMetrics: Object.fromEntries(throttles),
      period: fiveMinutes,
      label: 'Throttled calls',
    }),
    threshold: 10,
  };
}

/** Every watch of every construct. */
function watchesOf({ data, jobs, api }: ObservabilityStackProps): Watch[] {
  const functions = [...api.functions, ...jobs.functions];
  return [
    ...jobs.jobQueue.watches(),
    ...jobs.eventQueue.watches(),
    ...jobs.lostEvents.watches(),
    ...jobs.runEvents.watches(),
    ...api.api.watches(),
    ...data.records.watches(),
    ...functions.flatMap((one) => one.watches()),
    throttledFunctions(functions),
  ];
}
