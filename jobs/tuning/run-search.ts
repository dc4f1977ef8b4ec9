import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { objectives, type TuneSpec, trialSpec } from '../../shared/contracts/kinds/tune';
import { BadSpecError, InterruptedError } from '../../shared/errors/job-errors';
import type { JobContext } from '../kinds/job-kind';
import { type Assignment, nextTrial, type TuningPlan } from './next-trial';
import { runTrialProcess } from './run-trial-process';
import type { Trial } from './trial';
import type { TrialMessage, TrialOrder, TrialOutcome } from './trial-order';

export interface SearchRun {
  readonly spec: TuneSpec;
  readonly plan: TuningPlan;
  readonly context: JobContext;
  /** Where each trial left off; changed as they go on. */
  readonly trials: Trial[];
  /** After each change of a trial that is worth keeping. */
  readonly onChange: () => Promise<void>;
}

export const trialFolder = ({ scratch }: Pick<JobContext, 'scratch'>, { number }: Pick<Trial, 'number'>) =>
  join(scratch, `trial-${number}`);

async function inputPaths({ inputs }: JobContext): Promise<Record<string, string>> {
  const paths = inputs.roles.map(async (role) => [role, await inputs.path(role)] as const);
  return Object.fromEntries(await Promise.all(paths));
}

async function orderOf(
  { spec, context }: SearchRun,
  trial: Trial,
  untilEpoch: number | undefined,
): Promise<TrialOrder> {
  const { threads, provider, memoryBytes, model, models } = context;
  const folder = trialFolder(context, trial);
  await mkdir(folder, { recursive: true });
  return {
    spec: trialSpec(spec, trial.values) as TrialOrder['spec'],
    inputs: await inputPaths(context),
    model,
    models,
    folder,
    threads: Math.max(1, Math.floor(threads / spec.slots)),
    provider,
    memoryBytes: memoryBytes / spec.slots,
    ...(untilEpoch === undefined ? {} : { untilEpoch }),
  };
}

type Reached = Extract<TrialOutcome, { history: unknown }>;

/** Of the epoch that counts: the best where early stopping chose one, else the last. */
function objectiveOf({ objective }: TuneSpec, outcome: Reached): number | undefined {
  const chosen = outcome.state === 'succeeded' ? outcome.bestEpoch : undefined;
  const epoch = chosen === undefined ? outcome.history.at(-1) : outcome.history[chosen];
  return epoch?.metrics[objective];
}

const historyOf = ({ history }: Reached): Trial['history'] =>
  history.map(({ epoch, metrics, training_loss }) => ({ epoch, metrics: { ...metrics, training_loss } }));

/** No other trial will tell it either: the task decides on it. */
function lacking({ objective }: TuneSpec, { history }: Reached): BadSpecError {
  const known = Object.keys(history.at(-1)?.metrics ?? {}).filter((name) => name in objectives);
  const detail = `'${objective}' is not told by trainings of this target; compare by: ${known.join(', ')}`;
  return new BadSpecError(detail, [{ pointer: '/objective', detail }]);
}

function settled(spec: TuneSpec, trial: Trial, outcome: TrialOutcome): Trial {
  if (outcome.state === 'failed') return { ...trial, state: 'failed', reason: outcome.reason };
  const objective = objectiveOf(spec, outcome);
  const reached = { ...trial, history: historyOf(outcome) };
  if (objective === undefined) throw lacking(spec, outcome);
  return { ...reached, state: outcome.state, rungs: [...trial.rungs, objective], objective };
}

/** Runs every trial that the plan asks for, `slots` of them at a time. `InterruptedError` where the job is told to stop. */
export async function runSearch(run: SearchRun): Promise<void> {
  const running = new Map<number, Promise<void>>();
  const failed = new AbortController();
  const signal = AbortSignal.any([run.context.signal, failed.signal]);
  const own = { ...run, context: { ...run.context, signal } };
  while (!signal.aborted) {
    const next = running.size < run.spec.slots ? nextTrial(run.plan, run.trials) : 'wait';
    if (next === 'done') return;
    if (next === 'wait') await Promise.race(running.values()).catch((error: unknown) => failed.abort(error));
    else start(own, running, next);
  }
  await Promise.allSettled(running.values());
  if (signal.reason instanceof BadSpecError) throw signal.reason;
  throw new InterruptedError(String(signal.reason));
}

function start(
  run: SearchRun,
  running: Map<number, Promise<void>>,
  { trial, untilEpoch }: Exclude<Assignment, string>,
): void {
  running.set(
    trial,
    runOne(run, trial, untilEpoch).finally(() => running.delete(trial)),
  );
}

async function runOne(run: SearchRun, number: number, untilEpoch: number | undefined): Promise<void> {
  const { context, spec, trials } = run;
  const before = trials[number];
  if (before === undefined) return;
  trials[number] = { ...before, state: 'running' };
  const how = before.rungs.length === 0 ? 'begins' : 'goes on';
  context.log('info', `trial ${number} ${how}: ${JSON.stringify(before.values)}`);
  try {
    const order = await orderOf(run, before, untilEpoch);
    const { program, signal } = context;
    const onMessage = (message: TrialMessage) => told(context, number, message);
    const outcome = await runTrialProcess(order, { program, signal, onMessage });
    trials[number] = settled(spec, before, outcome);
  } catch (error) {
    trials[number] = before;
    // told once, by whoever waits for all
    if (error instanceof InterruptedError) return;
    if (error instanceof BadSpecError) throw error;
    trials[number] = { ...before, state: 'failed', reason: String(error) };
  }
  context.log('info', summaryOf(spec, trials[number] ?? before));
  await run.onChange();
}

function told({ log }: JobContext, number: number, message: TrialMessage): void {
  if (message.type === 'log' && message.level !== 'info')
    log(message.level, `trial ${number}: ${message.message}`);
}

function summaryOf(
  { objective: metric }: TuneSpec,
  { number, state, objective, history, reason }: Trial,
): string {
  if (state === 'failed') return `trial ${number} failed: ${reason}`;
  const verb = state === 'paused' ? 'pauses' : 'ends';
  return `trial ${number} ${verb} after ${history.length} epochs with ${metric} ${objective?.toPrecision(5)}`;
}
