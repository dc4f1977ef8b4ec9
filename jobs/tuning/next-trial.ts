import { byObjective, type Goal, type Trial } from './trial';

export interface TuningPlan {
  readonly goal: Goal;
  /** Epochs at which trials pause, rising; none where every trial runs to its end at once. */
  readonly rungs: readonly number[];
  /** Of the trials that reached a rung, one in so many goes on. */
  readonly reductionFactor: number;
}

/** What to do with a slot that is free. */
export type Assignment =
  /** Run this trial until so many epochs are done, or to its end. */
  { readonly trial: number; readonly untilEpoch?: number } | 'wait' | 'done';

/** Epochs of the rungs below the whole training. */
export function rungsOf(minimumEpochs: number, reductionFactor: number, epochs: number): number[] {
  const rungs: number[] = [];
  for (let at = minimumEpochs; at < epochs; at *= reductionFactor) rungs.push(at);
  return rungs;
}

const until = ({ rungs }: TuningPlan, trial: number, rung: number): Assignment => {
  const epochs = rungs[rung];
  return epochs === undefined ? { trial } : { trial, untilEpoch: epochs };
};

/** The best that wait at a rung, if they are among the one in `reductionFactor` of all that reached it. */
function promotable(plan: TuningPlan, trials: readonly Trial[], rung: number): Trial | undefined {
  const better = byObjective(plan.goal);
  const valueAt = ({ rungs }: Trial) => rungs[rung] ?? Number.NaN;
  const reached = trials.filter(({ rungs }) => rungs.length > rung);
  const best = reached
    .toSorted((a, b) => better(valueAt(a), valueAt(b)) || a.number - b.number)
    .slice(0, Math.floor(reached.length / plan.reductionFactor));
  return best.find(({ state, rungs }) => state === 'paused' && rungs.length === rung + 1);
}

/**
 * When all have begun and nobody may go on by its rank: the one that came farthest, and best, of those that paused is trained
 * to its end, unless one that ended is better already.
 */
function last(plan: TuningPlan, trials: readonly Trial[]): Trial | undefined {
  const better = byObjective(plan.goal);
  const ended = trials
    .filter(({ state }) => state === 'succeeded')
    .map(({ rungs }) => rungs.at(-1) ?? Number.NaN);
  const [best] = ended.toSorted(better);
  const mayWin = ({ rungs }: Trial) => best === undefined || better(rungs.at(-1) ?? Number.NaN, best) < 0;
  return trials
    .filter((trial) => trial.state === 'paused' && mayWin(trial))
    .toSorted(
      (a, b) =>
        b.rungs.length - a.rungs.length || better(a.rungs.at(-1) ?? Number.NaN, b.rungs.at(-1) ?? Number.NaN),
    )[0];
}

/**
 * What a free slot does next, by the trials' states alone: the promotion rule of asynchronous successive halving (Li et
 * al., 2020, algorithm 2), of which random and grid search are the case without rungs.
 */
export function nextTrial(plan: TuningPlan, trials: readonly Trial[]): Assignment {
  for (let rung = plan.rungs.length - 1; rung >= 0; rung--) {
    const promoted = promotable(plan, trials, rung);
    if (promoted) return until(plan, promoted.number, rung + 1);
  }
  const waiting = trials.find(({ state }) => state === 'waiting');
  if (waiting) return until(plan, waiting.number, 0);
  if (trials.some(({ state }) => state === 'running')) return 'wait';
  const chosen = last(plan, trials);
  return chosen === undefined ? 'done' : until(plan, chosen.number, chosen.rungs.length);
}
