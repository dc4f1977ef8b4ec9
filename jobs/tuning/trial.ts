import { z } from 'zod';

/** A trial as it is kept and told of. */
export const trialRecord = z.strictObject({
  number: z.number().int(),
  values: z.record(z.string(), z.unknown()),
  state: z.enum(['waiting', 'running', 'paused', 'succeeded', 'failed']),
  /** The objective at each rung that was reached, and at the end. */
  rungs: z.array(z.number()),
  /** By epoch: what validation told. */
  history: z.array(z.strictObject({ epoch: z.number().int(), metrics: z.record(z.string(), z.number()) })),
  objective: z.number().optional(),
  /** Why it failed. */
  reason: z.string().optional(),
});
export type Trial = z.infer<typeof trialRecord>;

export type Goal = 'minimize' | 'maximize';

/** Better ones first; what is no number comes last. */
export const byObjective =
  (goal: Goal) =>
  (a: number, b: number): number => {
    const rank = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
    return goal === 'minimize' ? rank(a) - rank(b) : rank(-a) - rank(-b);
  };
