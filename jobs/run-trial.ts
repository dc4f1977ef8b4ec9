import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { trainSpec } from '../shared/contracts/kinds/train';
import { AppError } from '../shared/errors/app-error';
import { InvalidRequestError } from '../shared/errors/request-errors';
import { exitCodes } from './exit-code';
import type { JobContext } from './kinds/job-kind';
import { train } from './kinds/train';
import { historyIn } from './training/checkpoint';
import { folderCheckpoints } from './tuning/folder-checkpoints';
import {
  outcomeName,
  type TrialMessage,
  type TrialOrder,
  type TrialOutcome,
  trialOrder,
} from './tuning/trial-order';
import { containerRuntime } from './wiring';

interface TrialProcess {
  readonly signal: AbortSignal;
  /** To the process that started this one. */
  readonly send: (message: TrialMessage) => void;
}

/** What tells the trial's own stop from its job's. */
const pause = Symbol('pause');

interface Folders {
  readonly context: JobContext;
  readonly files: readonly string[];
}

async function contextOf(order: TrialOrder, { signal, send }: TrialProcess): Promise<Folders> {
  const { folder, inputs, untilEpoch = Number.POSITIVE_INFINITY } = order;
  const pausing = new AbortController();
  const files: string[] = [];
  const output = (name: string) => join(folder, 'outputs', name);
  await mkdir(join(folder, 'outputs'), { recursive: true });
  const context: JobContext = {
    threads: order.threads,
    provider: order.provider,
    memoryBytes: order.memoryBytes,
    model: order.model,
    models: order.models,
    scratch: folder,
    runtime: await containerRuntime(),
    program: [''],
    inputs: {
      roles: Object.keys(inputs),
      has: (role) => inputs[role] !== undefined,
      async path(role) {
        const path = inputs[role];
        if (path === undefined) throw new InvalidRequestError(`the trial has no input '${role}'`);
        return path;
      },
    },
    outputs: {
      path: output,
      async publish(name, bytes) {
        if (bytes !== undefined) await writeFile(output(name), bytes);
        files.push(name);
      },
    },
    checkpoints: folderCheckpoints(join(folder, 'checkpoints')),
    signal: AbortSignal.any([signal, pausing.signal]),
    report(progress) {
      send({ type: 'progress', progress });
      // the first call of a later epoch is already behind it, which costs nothing: training goes on from there
      if ((progress.epoch ?? 0) >= untilEpoch) pausing.abort(pause);
    },
    log: (level, message) => send({ type: 'log', level, message }),
  };
  return { context, files };
}

const reportedTraining = z.looseObject({
  training: z.looseObject({ history: z.unknown(), best_epoch: z.number().int().optional() }),
});

async function succeeded(
  { context, files }: Folders,
  result: Extract<TrialOutcome, { state: 'succeeded' }>['result'],
): Promise<unknown> {
  const text = await readFile(context.outputs.path('report.json'), 'utf8');
  const { history, best_epoch: bestEpoch } = reportedTraining.parse(JSON.parse(text)).training;
  return { state: 'succeeded', result, files, history, bestEpoch };
}

async function outcomeOf(order: TrialOrder, folders: Folders): Promise<unknown> {
  const { context } = folders;
  try {
    return await succeeded(folders, await train.run(trainSpec.parse(order.spec), context));
  } catch (error) {
    if (context.signal.reason === pause) {
      const saved = await context.checkpoints.latest();
      return { state: 'paused', history: historyIn(saved?.files ?? {}) };
    }
    if (context.signal.aborted) throw error;
    const reason = error instanceof AppError ? error.message : 'an internal error; the job log says more';
    if (!(error instanceof AppError)) context.log('error', String(error));
    return { state: 'failed', reason };
  }
}

/** One trial of a search in a process of its own: from the file with its order to its exit code. */
export async function runTrial(path: string, process: TrialProcess): Promise<number> {
  const order = trialOrder.parse(JSON.parse(await readFile(path, 'utf8')));
  try {
    const outcome = await outcomeOf(order, await contextOf(order, process));
    const written = join(order.folder, `${outcomeName}.part`);
    await writeFile(written, JSON.stringify(outcome));
    await rename(written, join(order.folder, outcomeName));
    return exitCodes.ok;
  } catch {
    return exitCodes.retry;
  }
}
