import { leastDivergence } from './divergence-cut';
import { type Histogram, quantileOf } from './histogram';
import type { Range } from './range';

/** Where a range ends: at the extremes, where least is lost, or at quantiles. */
export type CutMethod = 'minmax' | 'entropy' | 'percentile';

export interface Cut {
  readonly method: CutMethod;
  /** Of the numbers that lie within, for `percentile`: over 50, at most 100. */
  readonly percentile: number;
  /** The range will be widened to be the same on both sides of zero. */
  readonly symmetric: boolean;
}

const methods: Readonly<Record<CutMethod, (histogram: Histogram, cut: Cut) => Range>> = {
  minmax: ({ min, max }) => ({ min, max }),
  entropy: (histogram, { symmetric }) => leastDivergence(histogram, symmetric),
  percentile: (histogram, { percentile }) => {
    const outside = (1 - percentile / 100) / 2;
    return { min: quantileOf(histogram, outside), max: quantileOf(histogram, 1 - outside) };
  },
};

/** The range of an activation, by what was counted of it. */
export const cutRange = (histogram: Histogram, cut: Cut): Range => methods[cut.method](histogram, cut);
