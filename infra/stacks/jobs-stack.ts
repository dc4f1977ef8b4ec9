import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { FunctionName } from '../../shared/config/env';
import { BatchFleet } from '../constructs/batch-fleet';
import { JobSession } from '../constructs/job-session';
import { LostEvents } from '../constructs/lost-events';
import { RunEvents } from '../constructs/run-events';
import { ServiceFunction } from '../constructs/service-function';
import { WorkQueue } from '../constructs/work-queue';
import type { StageConfig } from '../stages';
import type { DataStack } from './data-stack';

export interface JobsStackProps extends StackProps {
  stage: StageConfig;
  data: DataStack;
}

/** From a submitted job to its container and back: the queues, the functions around them, and the machines. */
export class JobsStack extends Stack {
  readonly jobQueue: WorkQueue;
  readonly eventQueue: WorkQueue;
  readonly lostEvents: LostEvents;
  readonly fleet: BatchFleet;
  readonly runEvents: RunEvents;
  readonly functions: ServiceFunction[] = [];
  readonly #stage: StageConfig;
  readonly #data: DataStack;

  constructor(scope: Construct, id: string, { stage, data, ...props }: JobsStackProps) {
    super(scope, id, { ...props, description: 'Ingot: queues, dispatcher, recorders, AWS Batch' });
    this.#stage = stage;
    this.#data = data;
    this.jobQueue = this.#dispatchQueue();
    this.eventQueue = this.#containerEventQueue();
    this.lostEvents = new LostEvents(this, 'LostEvents', data.key);
    this.fleet = new BatchFleet(this, 'Fleet', { stage, ...data.store, session: this.#session() });
    this.#dispatcher();
    this.#containerEventRecorder();
    this.runEvents = this.#runEventRecorder();
    this.#sweeper();
  }

  #function(id: string, name: FunctionName, description: string): ServiceFunction {
    const made = new ServiceFunction(this, id, {
      name,
      description,
      stage: this.#stage,
      key: this.#data.key,
    });
    this.functions.push(made);
    return made;
  }

  #consumerTimeout = (name: FunctionName) => Duration.seconds(this.#stage.functions[name].timeoutSeconds);

  #dispatchQueue(): WorkQueue {
    return new WorkQueue(this, 'JobQueue', {
      key: this.#data.key,
      order: 'fair',
      consumerTimeout: this.#consumerTimeout('dispatch-jobs'),
      receives: 5,
      urlVariable: 'INGOT_JOB_QUEUE_URL',
      patience: Duration.minutes(15),
    });
  }

  #containerEventQueue(): WorkQueue {
    return new WorkQueue(this, 'EventQueue', {
      key: this.#data.key,
      order: 'ordered',
      consumerTimeout: this.#consumerTimeout('record-container-events'),
      receives: 5,
      urlVariable: 'INGOT_EVENT_QUEUE_URL',
      patience: Duration.minutes(5),
    });
  }

  #session(): JobSession {
    const issuer = this.#function(
      'CredentialsIssuer',
      'issue-job-credentials',
      'Exchanges a job token for credentials that reach that job and nothing else',
    );
    this.#data.records.grantReadRecords(issuer);
    return new JobSession(this, 'JobSession', {
      issuer,
      artifacts: this.#data.artifacts,
      events: this.eventQueue,
    });
  }

  #dispatcher(): void {
    const dispatcher = this.#function(
      'Dispatcher',
      'dispatch-jobs',
      'Takes dispatch messages and starts runs on Batch',
    );
    this.#data.records.grantReadWriteRecords(dispatcher);
    this.#data.artifacts.grantRead(dispatcher);
    // an order that is too long for a variable; and it closes the jobs that it cannot start
    this.#data.artifacts.grantWriteOutputs(dispatcher);
    this.fleet.grantRun(dispatcher);
    // Batch takes 50 SubmitJob a second; ten at once stay well below
    this.jobQueue.feed(dispatcher, { batchSize: 10, maxConcurrency: 10 });
  }

  #containerEventRecorder(): void {
    const recorder = this.#function(
      'ContainerEventRecorder',
      'record-container-events',
      'Applies what containers report: progress, logs, checkpoints',
    );
    this.#data.records.grantReadWriteRecords(recorder);
    this.eventQueue.feed(recorder, { batchSize: 10, maxConcurrency: 20 });
  }

  #runEventRecorder(): RunEvents {
    const recorder = this.#function(
      'RunEventRecorder',
      'record-run-events',
      'Applies what Batch reports: started, ended, interrupted, blocked; verifies outputs and registers models',
    );
    this.#data.records.grantReadWriteRecords(recorder);
    this.#data.artifacts.grantRead(recorder);
    this.#data.artifacts.grantRemoveCheckpoints(recorder);
    // a run that started after its job was cancelled
    this.fleet.grantStop(recorder);
    return new RunEvents(this, 'RunEvents', {
      jobQueueArns: this.fleet.jobQueueArns,
      target: this.lostEvents.behind(recorder, { retryAttempts: 2, maxEventAge: Duration.hours(6) }),
    });
  }

  #sweeper(): void {
    const sweeper = this.#function(
      'Sweeper',
      'sweep-jobs',
      'Each minute: jobs past their deadline, lost messages, lost runs',
    );
    this.#data.records.grantReadWriteRecords(sweeper);
    this.#data.artifacts.grantRead(sweeper);
    this.#data.artifacts.grantRemoveCheckpoints(sweeper);
    this.fleet.grantStop(sweeper);
    this.jobQueue.grantSend(sweeper);
    new Rule(this, 'EachMinute', {
      description: 'Ingot: sweep open jobs',
      schedule: Schedule.rate(Duration.minutes(1)),
      // a missed sweep is made good by the next
      targets: [this.lostEvents.behind(sweeper, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
