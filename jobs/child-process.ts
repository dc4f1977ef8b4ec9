import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { JobContext } from './kinds/job-kind';

export interface ChildProcessOptions {
  readonly program: JobContext['program'];
  /** What the process is to do, and the file that says with what; see `main.ts`. */
  readonly arguments: readonly [task: string, order: string];
  readonly signal: AbortSignal;
  /** A process that takes longer is killed. */
  readonly deadlineMilliseconds?: number;
  readonly onMessage?: (message: unknown) => void;
}

/** Long enough for a process to hear of it between two calls of the runtime, and to save a checkpoint. */
const graceMilliseconds = 20_000;

/**
 * Runs a part of the job in a process of its own, so that one that crashes or hangs costs itself alone. The answer says in
 * words how it ended. Where the job is told to stop, so is the process.
 */
export async function runChildProcess(options: ChildProcessOptions): Promise<string> {
  const { signal, deadlineMilliseconds, onMessage } = options;
  const [command, ...first] = options.program;
  const child = spawn(command, [...first, ...options.arguments], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  if (onMessage) child.on('message', onMessage);
  const timers: NodeJS.Timeout[] = [];
  const killAfter = (milliseconds: number) => {
    timers.push(setTimeout(() => child.kill('SIGKILL'), milliseconds));
  };
  const stop = () => {
    child.kill('SIGTERM');
    killAfter(graceMilliseconds);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  if (deadlineMilliseconds !== undefined) killAfter(deadlineMilliseconds);
  const start = performance.now();
  const [code, killedBy] = await once(child, 'exit').finally(() => {
    signal.removeEventListener('abort', stop);
    for (const timer of timers) clearTimeout(timer);
  });
  const isLate = deadlineMilliseconds !== undefined && performance.now() - start >= deadlineMilliseconds;
  if (killedBy === 'SIGKILL' && isLate)
    return `it did not come to an end in ${Math.ceil(deadlineMilliseconds / 1_000)} s`;
  return `its process ended ${killedBy === null ? `with exit code ${code}` : `by ${killedBy}`}`;
}
