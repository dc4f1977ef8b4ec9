import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { JobManifest } from '../../shared/contracts/events';
import { type FieldValues, fitsTogether, objectives, type TuneSpec } from '../../shared/contracts/kinds/tune';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { publishPage } from '../reports/publish-page';
import { tuneReportPage } from '../reports/tune-report-page';
import { rungsOf, type TuningPlan } from '../tuning/next-trial';
import { runSearch, trialFolder } from '../tuning/run-search';
import { readOutcome } from '../tuning/run-trial-process';
import { trialValues } from '../tuning/search-space';
import { byObjective, type Trial, trialRecord } from '../tuning/trial';
import type { JobContext, JobKindDefinition } from './job-kind';

const checkpointName = 'trials.json';

/** Names of a winner's files where the search has files of these names itself. */
const renamed: Readonly<Record<string, string>> = {
  'report.json': 'best_trial.json',
  'report.html': 'best_trial.html',
};

/** Searches over the settings of a training, and registers the best model; every trial stays readable. */
export const tune: JobKindDefinition<'tune'> = {
  name: 'tune',
  async run(spec, context) {
    const trials = await resumed(spec, context);
    const plan = planOf(spec);
    context.log('info', `${trials.length} trials of ${spec.search.method} search, ${spec.slots} at a time`);
    await search({ spec, context, plan, trials });
    const best = bestOf(spec, trials);
    if (!(await isWhole(context, best)))
      await search({ spec, context, plan, trials: againFor(trials, best) });
    return publish(spec, context, { trials, best });
  },
};

function planOf({ search, objective, train }: TuneSpec): TuningPlan {
  const goal = objectives[objective];
  if (search.method !== 'asha') return { goal, rungs: [], reductionFactor: 1 };
  const { minimum_epochs: from, reduction_factor: reductionFactor } = search;
  return { goal, rungs: rungsOf(from, reductionFactor, train.epochs), reductionFactor };
}

const savedTrials = z.strictObject({ trials: z.array(trialRecord) });

/** The trials of the spec, those of them that ended in an earlier attempt as they ended. */
async function resumed(spec: TuneSpec, { checkpoints, log }: JobContext): Promise<Trial[]> {
  const { space, seed, search } = spec;
  const fits = (values: FieldValues) => fitsTogether(spec, values);
  const fresh = trialValues({ space, seed, fits }, search).map(
    (values, number): Trial => ({ number, values, state: 'waiting', rungs: [], history: [] }),
  );
  const saved = await checkpoints.latest();
  const text = saved?.files[checkpointName];
  if (text === undefined) return fresh;
  const { trials } = savedTrials.parse(JSON.parse(new TextDecoder().decode(text)));
  log(
    'info',
    `${trials.filter(({ rungs }) => rungs.length > 0).length} trials are behind an earlier attempt`,
  );
  return trials;
}

interface Search {
  readonly spec: TuneSpec;
  readonly context: JobContext;
  readonly plan: TuningPlan;
  readonly trials: Trial[];
}

/** Paused trials whose scratch was lost train again from their beginning, to the same weights. */
async function search({ spec, context, plan, trials }: Search): Promise<void> {
  const onChange = async () => {
    const step = trials.reduce((sum, { rungs, state }) => sum + rungs.length + Number(state === 'failed'), 0);
    const kept = trials.map((trial) =>
      trial.state === 'running' ? { ...trial, state: stateBefore(trial) } : trial,
    );
    const bytes = new TextEncoder().encode(JSON.stringify({ trials: kept }));
    await context.checkpoints.save({ step, files: { [checkpointName]: bytes } });
    context.report(progressOf(spec, trials, step));
  };
  await runSearch({ spec, context, plan, trials, onChange });
}

const stateBefore = ({ rungs }: Trial): Trial['state'] => (rungs.length > 0 ? 'paused' : 'waiting');

const hasEnded = ({ state }: Trial): boolean => state === 'succeeded' || state === 'failed';

function progressOf(spec: TuneSpec, trials: readonly Trial[], step: number) {
  const begun = trials.filter((trial) => hasEnded(trial) || trial.rungs.length > 0);
  const reached = begun.flatMap(({ objective }) => objective ?? []);
  const best = reached.toSorted(byObjective(objectives[spec.objective]))[0];
  return {
    fraction: (0.98 * begun.length) / trials.length,
    step,
    metrics: {
      trials_begun: begun.length,
      trials_ended: trials.filter(hasEnded).length,
      ...(best === undefined ? {} : { [`best_${spec.objective}`]: best }),
    },
  };
}

function bestOf({ objective: metric }: TuneSpec, trials: readonly Trial[]): Trial {
  const goal = objectives[metric];
  const value = ({ objective }: Trial) => objective ?? Number.NaN;
  const [best] = trials
    .filter(({ state }) => state === 'succeeded')
    .toSorted((a, b) => byObjective(goal)(value(a), value(b)) || a.number - b.number);
  if (best !== undefined) return best;
  const [first] = trials;
  throw new UnusableDataError(
    `none of the ${trials.length} trials came to a model; trial ${first?.number} failed: ${first?.reason}`,
    'no_trial_succeeded',
  );
}

const outcomeOf = (context: JobContext, trial: Trial) => readOutcome(trialFolder(context, trial));

/** False where the trial ended in an earlier attempt, whose scratch is gone. */
const isWhole = async (context: JobContext, trial: Trial): Promise<boolean> =>
  (await outcomeOf(context, trial))?.state === 'succeeded';

/** The same trials, with this one to be run again, and nothing else to do. */
const againFor = (trials: readonly Trial[], best: Trial): Trial[] =>
  trials.map((trial) => {
    if (trial.number === best.number) return { ...trial, state: 'waiting', rungs: [], history: [] };
    return trial.state === 'succeeded' ? trial : { ...trial, state: 'failed' };
  });

interface Ended {
  readonly trials: readonly Trial[];
  readonly best: Trial;
}

async function publish(
  spec: TuneSpec,
  context: JobContext,
  { trials, best }: Ended,
): Promise<JobManifest['result']> {
  const outcome = await outcomeOf(context, best);
  if (outcome?.state !== 'succeeded' || outcome.result.type !== 'model')
    throw new Error(`trial ${best.number} left no model`);
  for (const name of outcome.files) {
    const own = renamed[name] ?? name;
    await copyFile(join(trialFolder(context, best), 'outputs', name), context.outputs.path(own));
    await context.outputs.publish(own);
  }
  const report = reportOf(spec, { trials, best });
  await context.outputs.publish('report.json', new TextEncoder().encode(JSON.stringify(report, null, 2)));
  await publishPage(context, () => pageOf(spec, { trials, best }));
  const metric = spec.objective;
  context.log(
    'info',
    `the best is trial ${best.number} with ${metric} ${best.objective}: ${JSON.stringify(best.values)}`,
  );
  context.report({ ...progressOf(spec, trials, trials.length), fraction: 1 });
  const tuning = { trials: trials.length, best: best.number, [metric]: best.objective, values: best.values };
  return { ...outcome.result, register: spec.register, metrics: { ...outcome.result.metrics, tuning } };
}

const reportOf = ({ search: how, objective, space }: TuneSpec, { trials, best }: Ended) => ({
  search: how,
  objective,
  space,
  best: best.number,
  trials,
});

const asSetting = (value: unknown): string | number | boolean =>
  typeof value === 'number' || typeof value === 'boolean'
    ? value
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

const pageOf = (spec: TuneSpec, { trials, best }: Ended): Promise<string> =>
  tuneReportPage({
    name: spec.register.name,
    metric: spec.objective,
    goal: objectives[spec.objective],
    best: best.number,
    spec,
    trials: trials.map(({ number, state, values, history, objective }) => ({
      number,
      state: state === 'paused' ? 'stopped early' : state,
      settings: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, asSetting(value)])),
      history: history.flatMap(({ epoch, metrics }) => {
        const value = metrics[spec.objective];
        return value === undefined ? [] : [{ epoch, value }];
      }),
      ...(objective === undefined ? {} : { result: objective }),
    })),
  });
