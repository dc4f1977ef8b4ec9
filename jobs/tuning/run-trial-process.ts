import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InterruptedError } from '../../shared/errors/job-errors';
import { runChildProcess } from '../child-process';
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

/**
 * Runs a trial in a process of its own, so that trials run beside each other and one that crashes costs itself alone.
 * `InterruptedError` where the job is told to stop and the trial came to no end before it heard of it.
 */
export async function runTrialProcess(
  order: TrialOrder,
  { program, signal, onMessage }: TrialProcessOptions,
): Promise<TrialOutcome> {
  const path = join(order.folder, 'order.json');
  await writeFile(path, JSON.stringify(order));
  await rm(join(order.folder, outcomeName), { force: true });
  const ended = await runChildProcess({
    program,
    arguments: ['trial', path],
    signal,
    onMessage(message) {
      const parsed = trialMessage.safeParse(message);
      if (parsed.success) onMessage(parsed.data);
    },
  });
  const outcome = await readOutcome(order.folder);
  if (outcome !== undefined) return outcome;
  if (signal.aborted) throw new InterruptedError(String(signal.reason));
  return { state: 'failed', reason: ended };
}
