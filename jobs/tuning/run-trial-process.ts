import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InterruptedError } from '../../shared/errors/job-errors';
import type { JobContext } from '../kinds/job-kind';
import {
  outcomeName,
  type TrialMessage,
  type TrialOrder,
  type TrialOutcome,
  trialMessage,
  trialOutcome,
} from './trial-order';

export interface TrialProcessOptions {
  readonly program: JobContext['program'];
  readonly signal: AbortSignal;
  readonly onMessage: (message: TrialMessage) => void;
}

/** What a trial left in its folder; undefined where it has not come to an end there. */
export async function readOutcome(folder: string): Promise<TrialOutcome | undefined> {
  const text = await readFile(join(folder, outcomeName), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : trialOutcome.parse(JSON.parse(text));
}

/** Long enough for a trial to hear of it between two calls of the runtime, and to save a checkpoint. */
const graceMilliseconds = 20_000;

/**
 * Runs a trial in a process of its own, so that trials run beside each other and one that crashes costs itself alone.
 * `InterruptedError` where the job is told to stop.
 */
export async function runTrialProcess(
  order: TrialOrder,
  { program: [command, ...args], signal, onMessage }: TrialProcessOptions,
): Promise<TrialOutcome> {
  const path = join(order.folder, 'order.json');
  await writeFile(path, JSON.stringify(order));
  await rm(join(order.folder, outcomeName), { force: true });
  const child = spawn(command, [...args, path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.on('message', (message) => {
    const parsed = trialMessage.safeParse(message);
    if (parsed.success) onMessage(parsed.data);
  });
  const stop = () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), graceMilliseconds).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const [code, killedBy] = await once(child, 'exit').finally(() => signal.removeEventListener('abort', stop));
  const outcome = await readOutcome(order.folder);
  if (outcome !== undefined) return outcome;
  if (signal.aborted) throw new InterruptedError(String(signal.reason));
  const how = killedBy === null ? `with exit code ${code}` : `by ${killedBy}`;
  return { state: 'failed', reason: `its process ended ${how}` };
}
