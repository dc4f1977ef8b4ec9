import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { dispatchJobs } from '../../../functions/queue/dispatch-jobs';
import { recordContainerEvents } from '../../../functions/queue/record-container-events';
import { failDispatch } from '../../../functions/usecases/fail-dispatch';
import { recordContainerEvent } from '../../../functions/usecases/record-container-event';
import { recordRunEvent } from '../../../functions/usecases/record-run-event';
import { startJob } from '../../../functions/usecases/start-job';
import { sweepJobs } from '../../../functions/usecases/sweep-jobs';
import type { ContainerEvent, JobManifest, RunEvent } from '../../../shared/contracts/events';
import { objectKeys } from '../../../shared/contracts/job-files';
import type { MessageQueue, ReceivedMessage } from '../../../shared/ports/message-queue';
import type { ObjectStore } from '../../../shared/ports/object-store';
import { type JobWorld, leaveOutput, putObject } from './job-world';
import { anEvent, type ScriptedRun, type ScriptedRunner } from './scripted-runner';

/** A queue's message as a function gets it. */
const anSqsRecord = ({ id, body, group, receiveCount }: ReceivedMessage): SQSRecord => ({
  messageId: id,
  receiptHandle: id,
  body,
  attributes: {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: '0',
    SenderId: 'test',
    ApproximateFirstReceiveTimestamp: '0',
    MessageGroupId: group,
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:jobs',
  awsRegion: 'eu-central-1',
});

export const anSqsEvent = (
  bodies: readonly { body: string; group?: string; receiveCount?: number }[],
): SQSEvent => ({
  Records: bodies.map(({ body, group = 'one', receiveCount = 1 }, index) =>
    anSqsRecord({ id: `message-${index}`, body, group, receiveCount, receipt: '' }),
  ),
});

/** What a container leaves when its run ends well; a run without an outcome fails. */
export interface Outcome {
  files: Record<string, string>;
  result: JobManifest['result'];
}

interface Playing {
  run: ScriptedRun;
  /** What the runner has yet to tell; an event that could not be recorded is told again. */
  told: RunEvent[];
}

const progressOf = (run: ScriptedRun, sequence: number): ContainerEvent => ({
  tenant: run.request.tenant,
  job_id: run.request.jobId,
  attempt: 1,
  sequence,
  token: run.token,
  at: '2026-01-01T00:02:00.000Z',
  body: { type: 'progress', progress: { fraction: sequence / 10, metrics: { loss: 1 / sequence } } },
});

export interface SmallCloud {
  /** One round of everything: the queue, the runs, the sweep; then the clock goes on. */
  turn(): Promise<void>;
}

/**
 * What drives the handlers as AWS does: at least once, each call on its own, and again where it failed. `world` may fail;
 * `queue`, `runner` and `objects` are the cloud's own, which do not.
 */
export function smallCloud(
  world: JobWorld & { restart(): void },
  cloud: { queue: MessageQueue; runner: ScriptedRunner; objects: ObjectStore },
  outcome: Outcome | undefined,
): SmallCloud {
  const dispatch = dispatchJobs({
    ...world,
    startJob: startJob(world),
    failDispatch: failDispatch(world),
    maximumReceives: 1_000,
  });
  const recordProgress = recordContainerEvents({
    ...world,
    recordContainerEvent: recordContainerEvent(world),
  });
  const record = recordRunEvent(world);
  const sweep = sweepJobs(world);
  const playing = new Map<string, Playing>();

  /** A call of one function: whether it came through. Whatever happened, the next one is another process. */
  async function call(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch {
      return false;
    } finally {
      world.restart();
    }
  }

  async function dispatchMessages(): Promise<void> {
    for (const message of await cloud.queue.receive({ limit: 10, waitSeconds: 0 })) {
      const answer = await dispatch({ Records: [anSqsRecord(message)] });
      world.restart();
      if (answer.batchItemFailures.length === 0) await cloud.queue.acknowledge(message.receipt);
    }
  }

  async function work({ request }: ScriptedRun): Promise<void> {
    const address = { tenant: request.tenant, jobId: request.jobId, attempt: 1 };
    const checkpoint = `${objectKeys.checkpointPrefix(request.tenant, request.jobId)}1/state`;
    await putObject(cloud.objects, checkpoint, 'weights');
    if (outcome !== undefined) await leaveOutput(cloud.objects, address, outcome);
  }

  function follow(run: ScriptedRun): Playing {
    const known = playing.get(run.id);
    if (known !== undefined) return known;
    const end = outcome === undefined ? anEvent(run, 'failed', { exit_code: 65 }) : anEvent(run, 'succeeded');
    const told = [anEvent(run, 'starting'), anEvent(run, 'running'), end];
    const next = { run, told };
    playing.set(run.id, next);
    return next;
  }

  async function play({ run, told }: Playing): Promise<void> {
    const [event] = told;
    if (event === undefined) return;
    if (run.stopped !== undefined && event.reason !== run.stopped) {
      told.splice(0, told.length, anEvent(run, 'failed', { reason: run.stopped }));
      return;
    }
    if (told.length === 1 && run.stopped === undefined) {
      await work(run);
      const bodies = [1, 2].map((sequence) => ({ body: JSON.stringify(progressOf(run, sequence)) }));
      const answer = await recordProgress(anSqsEvent(bodies));
      world.restart();
      // a FIFO queue hands them out again before anything that comes later
      if (answer.batchItemFailures.length > 0) await recordProgress(anSqsEvent(bodies));
    }
    if (await call(() => record(event))) told.shift();
  }

  return {
    async turn() {
      await dispatchMessages();
      for (const run of cloud.runner.runs) await play(follow(run));
      await call(sweep);
      world.clock.advance(61);
    },
  };
}
