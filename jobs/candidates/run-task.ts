import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InterruptedError } from '../../shared/errors/job-errors';
import { runChildProcess } from '../child-process';
import type { JobContext } from '../kinds/job-kind';
import {
  type CandidateTask,
  candidateMessage,
  candidateOutcomes,
  failedOutcome,
  type OrderOf,
  type OutcomeOf,
} from './orders';

/** What a task came to, or why it came to nothing. */
export type TaskResult<T extends CandidateTask> =
  | { readonly done: OutcomeOf<T>; readonly seconds: number }
  | { readonly failed: string; readonly seconds: number };

type Given<T extends CandidateTask> = Omit<
  OrderOf<T>,
  'task' | 'outcome' | 'threads' | 'provider' | 'memoryBytes'
>;

export interface TaskOptions {
  readonly deadlineMilliseconds?: number;
}

/** Runs a task of a compression in a process of its own: one that crashes or hangs costs itself alone. */
export type RunTask = <T extends CandidateTask>(
  task: T,
  order: Given<T>,
  options?: TaskOptions,
) => Promise<TaskResult<T>>;

type TaskContext = Pick<
  JobContext,
  'program' | 'scratch' | 'signal' | 'threads' | 'provider' | 'memoryBytes' | 'log'
>;

/** Every kind of outcome by its task, so that an outcome is known by the task's own type. */
const schemaOf = <T extends CandidateTask>(task: T): (typeof candidateOutcomes)[T] => candidateOutcomes[task];

/** Tasks of one job. `InterruptedError` where the job is told to stop. */
export const taskRunner =
  (context: TaskContext): RunTask =>
  async (task, order, { deadlineMilliseconds } = {}) => {
    const { program, scratch, signal, threads, provider, memoryBytes, log } = context;
    const name = `${task}-${randomUUID()}`;
    const [path, outcome] = ['order', 'outcome'].map((what) => join(scratch, `${name}.${what}.json`));
    if (path === undefined || outcome === undefined) throw new Error('two names make two paths');
    await writeFile(path, JSON.stringify({ task, ...order, threads, provider, memoryBytes, outcome }));
    const start = performance.now();
    const ended = await runChildProcess({
      program,
      arguments: ['candidate', path],
      signal,
      ...(deadlineMilliseconds === undefined ? {} : { deadlineMilliseconds }),
      onMessage(message) {
        const parsed = candidateMessage.safeParse(message);
        if (parsed.success) log(parsed.data.level, parsed.data.message);
      },
    });
    if (signal.aborted) throw new InterruptedError(String(signal.reason));
    const seconds = (performance.now() - start) / 1_000;
    const text = await readFile(outcome, 'utf8').catch(() => undefined);
    if (text === undefined) return { failed: ended, seconds };
    const told: unknown = JSON.parse(text);
    const failure = failedOutcome.safeParse(told);
    if (failure.success) return { failed: failure.data.failed, seconds };
    return { done: outcomeOf(task, told), seconds };
  };

const outcomeOf = <T extends CandidateTask>(task: T, told: unknown): OutcomeOf<T> =>
  schemaOf(task).parse(told) as OutcomeOf<T>;
