import { performance } from 'node:perf_hooks';

/** Long enough that a call's own cost is nothing, short enough that a stop is soon heard and progress is seen. */
const secondsPerCall = 0.4;
const firstSteps = 1;
const mostSteps = 8192;
/** One slow or fast call is chance: the next is at most so many times as long. */
const growth = 8;

/** How many steps to do in one call: about as many as take a fraction of a second. It never changes what is computed. */
export interface Pace {
  steps(): number;
  /** Runs a call of so many steps, and learns and tells how long it took. */
  time<T>(steps: number, call: () => Promise<T>): Promise<{ result: T; seconds: number }>;
}

export function pace(): Pace {
  let next = firstSteps;
  return {
    steps: () => next,
    async time(steps, call) {
      const from = performance.now();
      const result = await call();
      const seconds = Math.max(1e-6, (performance.now() - from) / 1000);
      const fitting = Math.round((steps * secondsPerCall) / seconds);
      next = Math.max(1, Math.min(fitting, steps * growth, mostSteps));
      return { result, seconds };
    },
  };
}

/** True when what is done every now and then may be done again, so that it takes at most this part of the time. */
export interface Allowance {
  readonly due: () => boolean;
  run(work: () => Promise<void>): Promise<void>;
}

export function allowance(part: number): Allowance {
  let notBefore = Number.NEGATIVE_INFINITY;
  return {
    due: () => performance.now() >= notBefore,
    async run(work) {
      const from = performance.now();
      await work();
      const now = performance.now();
      notBefore = now + (now - from) / part;
    },
  };
}
