import type { Range } from './range';

/** Of both signs together. Even halves of even halves, so that bins can be joined in pairs. */
export const binCount = 8_192;
const zeroBin = binCount / 2;

/**
 * How often numbers fall into each of `binCount` bins of equal width, from `-reach` to `reach`. The reach is a power of two and
 * doubles when a number lies outside: then bins are joined in pairs, edge on edge. So the counts depend on the numbers alone,
 * not on their order, nor on how they came in batches, and two histograms can be added.
 */
export interface Histogram {
  /** 0: nothing but zeros was seen. */
  readonly reach: number;
  /** Float64: more than 2^32 numbers are seen where rows are many. */
  readonly counts: Float64Array;
  /** Those among the counted that are exactly zero. */
  readonly zeros: number;
  /** Exact, of all that was counted: from infinity to -infinity where that is nothing. */
  readonly min: number;
  readonly max: number;
}

export const emptyHistogram = (): Histogram => ({
  reach: 0,
  counts: new Float64Array(binCount),
  zeros: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
});

/** Smallest normal 32-bit float: under it, bins could not be told apart. */
const leastReach = 2 ** -126;

/** The least power of two above a magnitude. */
function reachFor(magnitude: number): number {
  if (magnitude === 0) return 0;
  const power = 2 ** Math.floor(Math.log2(magnitude));
  return Math.max(leastReach, power > magnitude ? power : 2 * power);
}

export const binWidth = ({ reach }: Histogram): number => (2 * reach) / binCount;

/** Where a bin begins; bin `binCount` is the end of the last. */
export const binStart = (histogram: Histogram, bin: number): number => (bin - zeroBin) * binWidth(histogram);

/** The same counts, in bins as wide as those of a larger reach. */
function widened({ counts, reach }: Histogram, to: number): Float64Array {
  const joined = new Float64Array(binCount);
  // Of nothing but zeros, and of a reach that is a power of two times smaller: each old bin lies in one new bin.
  const ratio = reach === 0 ? 0 : reach / to;
  counts.forEach((count, bin) => {
    const target = zeroBin + Math.floor((bin - zeroBin) * ratio);
    joined[target] = (joined[target] ?? 0) + count;
  });
  return joined;
}

/** All that both have counted. */
export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const reach = Math.max(a.reach, b.reach);
  const counts = widened(a, reach);
  widened(b, reach).forEach((count, bin) => {
    counts[bin] = (counts[bin] ?? 0) + count;
  });
  return {
    reach,
    counts,
    zeros: a.zeros + b.zeros,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** A histogram with further numbers in it, all finite; the counts of the given one are used up. */
export function countInto(histogram: Histogram, values: Float32Array): Histogram {
  if (values.length === 0) return histogram;
  const { min, max } = extremesOf(values, histogram);
  const reach = reachFor(Math.max(-min, max));
  const counts = reach === histogram.reach ? histogram.counts : widened(histogram, reach);
  const zeros = histogram.zeros + tally(values, counts, reach);
  return { reach, counts, zeros, min, max };
}

/** An index instead of an iterator: this loop sees every activation of every row. */
function extremesOf(values: Float32Array, known: Range): Range {
  let { min, max } = known;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // Of negative zeros too: what is seen first is not to decide the sign.
  return { min: min + 0, max: max + 0 };
}

/** Counts into the bins; how many were exactly zero. */
function tally(values: Float32Array, counts: Float64Array, reach: number): number {
  const perUnit = reach === 0 ? 0 : zeroBin / reach;
  let zeros = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value === 0) zeros++;
    const bin = zeroBin + Math.floor(value * perUnit);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return zeros;
}

export const countOf = ({ counts }: Histogram): number => counts.reduce((total, count) => total + count, 0);

/**
 * The number below which this share of the counted lies, to a bin's width; exact at 0 and 1. NaN where nothing was counted.
 */
export function quantileOf(histogram: Histogram, share: number): number {
  const { counts, min, max } = histogram;
  if (share <= 0) return min;
  if (share >= 1) return max;
  let left = share * countOf(histogram);
  const bin = counts.findIndex((count) => {
    left -= count;
    return count > 0 && left <= 0;
  });
  const within = 1 + left / (counts[bin] ?? 1);
  return Math.min(max, Math.max(min, binStart(histogram, bin + within)));
}
