import fc from 'fast-check';
import { nextTrial, rungsOf, type TuningPlan } from '../../../jobs/tuning/next-trial';
import { trialValues } from '../../../jobs/tuning/search-space';
import type { Trial } from '../../../jobs/tuning/trial';
import type { SearchDimension } from '../../../shared/contracts/kinds/tune';

const waiting = (number: number): Trial => ({ number, values: {}, state: 'waiting', rungs: [], history: [] });

interface Simulated {
  readonly plan: TuningPlan;
  readonly qualities: readonly number[];
  readonly slots: number;
  /** Which of the running trials ends next, as a part of them. */
  readonly order: readonly number[];
  readonly failing: ReadonlySet<number>;
}

/** Runs a whole search without training: a trial's objective is its quality, at every rung. */
function simulate({ plan, qualities, slots, order, failing }: Simulated): Trial[] {
  const trials = qualities.map((_, number) => waiting(number));
  const running: { trial: number; untilEpoch?: number }[] = [];
  for (let turn = 0; ; turn++) {
    const next = running.length < slots ? nextTrial(plan, trials) : 'wait';
    if (next === 'done') return trials;
    if (next !== 'wait') {
      const trial = trials[next.trial] ?? waiting(next.trial);
      expect(['waiting', 'paused']).toContain(trial.state);
      trials[next.trial] = { ...trial, state: 'running' };
      running.push(next);
      continue;
    }
    const [ended] = running.splice(Math.floor((order[turn % order.length] ?? 0) * running.length), 1);
    if (ended === undefined) throw new Error('nothing runs, and nothing is to be done');
    const trial = trials[ended.trial] ?? waiting(ended.trial);
    const rungs = [...trial.rungs, qualities[ended.trial] ?? Number.NaN];
    const state = ended.untilEpoch === undefined ? 'succeeded' : 'paused';
    trials[ended.trial] = failing.has(ended.trial)
      ? { ...trial, state: 'failed' }
      : { ...trial, state, rungs };
  }
}

const searches = fc.record({
  qualities: fc.uniqueArray(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 40 }),
  slots: fc.integer({ min: 1, max: 5 }),
  order: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 10 }),
  goal: fc.constantFrom('minimize' as const, 'maximize' as const),
  factor: fc.integer({ min: 2, max: 4 }),
  epochs: fc.integer({ min: 1, max: 100 }),
});

const none: ReadonlySet<number> = new Set();

describe('a search by successive halving', () => {
  it('begins every trial, ends one at least, and trains the best of all to its end', () => {
    fc.assert(
      fc.property(searches, ({ goal, factor, epochs, ...rest }) => {
        const plan = { goal, rungs: rungsOf(1, factor, epochs), reductionFactor: factor };

        const trials = simulate({ ...rest, plan, failing: none });

        const best = rest.qualities.indexOf(
          goal === 'minimize' ? Math.min(...rest.qualities) : Math.max(...rest.qualities),
        );
        expect(trials.every(({ rungs }) => rungs.length > 0)).toBe(true);
        expect(trials[best]?.state).toBe('succeeded');
      }),
    );
  });

  it('lets no more than its part of a rung go on', () => {
    fc.assert(
      fc.property(searches, ({ goal, factor, epochs, ...rest }) => {
        const plan = { goal, rungs: rungsOf(1, factor, epochs), reductionFactor: factor };

        const trials = simulate({ ...rest, slots: 1, plan, failing: none });

        for (let rung = 0; rung < plan.rungs.length; rung++) {
          const reached = trials.filter(({ rungs }) => rungs.length > rung).length;
          const wentOn = trials.filter(({ rungs }) => rungs.length > rung + 1).length;
          // one that is best of all so far may have been overtaken since; the last one goes on alone
          expect(wentOn).toBeLessThanOrEqual(Math.max(1, reached - 1));
          if (reached >= factor ** 2) expect(wentOn).toBeLessThan(reached);
        }
      }),
    );
  });

  it('loses only the trials that fail', () => {
    fc.assert(
      fc.property(searches, fc.infiniteStream(fc.boolean()), ({ goal, factor, epochs, ...rest }, fails) => {
        const failing = new Set(
          rest.qualities.map((_, number) => number).filter(() => fails.next().value === true),
        );
        const plan = { goal, rungs: rungsOf(1, factor, epochs), reductionFactor: factor };

        const trials = simulate({ ...rest, plan, failing });

        for (const { number, state } of trials) expect(state === 'failed').toBe(failing.has(number));
        if (failing.size < trials.length)
          expect(trials.some(({ state }) => state === 'succeeded')).toBe(true);
      }),
    );
  });

  it('trains to its end whoever paused ahead of one that ended early', () => {
    const plan = { goal: 'minimize' as const, rungs: [10, 30], reductionFactor: 3 };
    const ended: Trial = { ...waiting(0), state: 'succeeded', rungs: [0.9] };
    const paused: Trial = { ...waiting(1), state: 'paused', rungs: [0.3, 0.2] };

    const next = nextTrial(plan, [ended, paused]);
    const behind = nextTrial(plan, [{ ...ended, rungs: [0.1] }, paused]);

    expect(next).toEqual({ trial: 1 });
    expect(behind).toBe('done');
  });

  it('is a plain search where it has no rungs', () => {
    fc.assert(
      fc.property(searches, ({ goal, ...rest }) => {
        const trials = simulate({ ...rest, plan: { goal, rungs: [], reductionFactor: 1 }, failing: none });

        expect(trials.every(({ state }) => state === 'succeeded')).toBe(true);
      }),
    );
  });
});

const ranges = fc
  .tuple(
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 1, max: 1000 }),
    fc.constantFrom('linear' as const, 'log' as const),
    fc.boolean(),
  )
  .map(([a, b, scale, integer]) => ({ min: Math.min(a, b), max: Math.max(a, b), scale, integer }));

const fits = () => true;

describe('the settings of trials', () => {
  it.each([
    { method: 'random' as const, trials: 12 },
    { method: 'grid' as const, points: 4 },
    { method: 'asha' as const, trials: 12, minimum_epochs: 1, reduction_factor: 3 },
  ])('keep to their ranges, differ from each other and repeat: $method', (search) => {
    fc.assert(
      fc.property(ranges, ranges, fc.nat(), (first, second, seed) => {
        const space: Record<string, SearchDimension> = {
          first,
          second,
          third: { choices: ['a', 'b', [64, 32]] },
        };

        const all = trialValues({ space, seed, fits }, search);

        expect(new Set(all.map((values) => JSON.stringify(values))).size).toBe(all.length);
        expect(trialValues({ space, seed, fits }, search)).toEqual(all);
        for (const values of all) {
          for (const [name, { min, max, integer }] of Object.entries({ first, second })) {
            expect(Number(values[name])).toBeGreaterThanOrEqual(min);
            expect(Number(values[name])).toBeLessThanOrEqual(max);
            if (integer) expect(Number.isInteger(values[name])).toBe(true);
          }
        }
      }),
    );
  });

  it('are even in the logarithm on a log scale', () => {
    const space = { rate: { min: 1e-5, max: 1e-1, scale: 'log' as const, integer: false } };

    const grid = trialValues({ space, seed: 1, fits }, { method: 'grid', points: 5 });
    const drawn = trialValues({ space, seed: 1, fits }, { method: 'random', trials: 1000 });

    expect(grid.map(({ rate }) => rate)).toEqual([1e-5, 1e-4, 1e-3, 1e-2, 1e-1]);
    const below = drawn.filter(({ rate }) => Number(rate) < 1e-3).length;
    expect(below / 1000).toBeCloseTo(0.5, 1);
  });

  it('are none that cannot go together', () => {
    const space = { width: { min: 64, max: 128, scale: 'linear' as const, integer: true } };
    const divides = ({ width }: Readonly<Record<string, unknown>>) => Number(width) % 4 === 0;

    const drawn = trialValues({ space, seed: 1, fits: divides }, { method: 'random', trials: 10 });
    const grid = trialValues({ space, seed: 1, fits: divides }, { method: 'grid', points: 3 });

    expect(drawn).toHaveLength(10);
    expect(drawn.every(divides)).toBe(true);
    expect(grid.map(({ width }) => width)).toEqual([64, 96, 128]);
  });

  it('refuses a grid that nobody means to pay for', () => {
    const space = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [name, { min: 0, max: 1, scale: 'linear' as const, integer: false }]),
    );

    expect(() => trialValues({ space, seed: 1, fits }, { method: 'grid', points: 11 })).toThrow(
      'a grid of 1331 combinations was asked for, and 1000 are allowed',
    );
  });
});
