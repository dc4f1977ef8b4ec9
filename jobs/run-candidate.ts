import { readFile, rename, writeFile } from 'node:fs/promises';
import { AppError } from '../shared/errors/app-error';
import { doTask } from './candidates/do-task';
import { type CandidateMessage, type CandidateOrder, candidateOrder } from './candidates/orders';
import { exitCodes } from './exit-code';
import { containerRuntime } from './wiring';

interface CandidateProcess {
  readonly signal: AbortSignal;
  /** To the process that started this one. */
  readonly send: (message: CandidateMessage) => void;
}

async function outcomeOf(order: CandidateOrder, { signal, send }: CandidateProcess): Promise<unknown> {
  const log = (level: CandidateMessage['level'], message: string) => send({ type: 'log', level, message });
  const runtime = await containerRuntime();
  const servingRuntime = await containerRuntime({ flushDenormals: false });
  try {
    return await doTask(order, { runtime, servingRuntime, signal, log });
  } catch (error) {
    if (signal.aborted) throw error;
    if (!(error instanceof AppError))
      log('error', error instanceof Error ? (error.stack ?? '') : String(error));
    return { failed: error instanceof AppError ? error.message : 'an internal error; the job log says more' };
  }
}

/** One task of a compression in a process of its own: from the file with its order to its exit code. */
export async function runCandidate(path: string, process: CandidateProcess): Promise<number> {
  const order = candidateOrder.parse(JSON.parse(await readFile(path, 'utf8')));
  try {
    const part = `${order.outcome}.part`;
    await writeFile(part, JSON.stringify(await outcomeOf(order, process)));
    await rename(part, order.outcome);
    return exitCodes.ok;
  } catch (error) {
    if (!process.signal.aborted) process.send({ type: 'log', level: 'error', message: String(error) });
    return exitCodes.retry;
  }
}
