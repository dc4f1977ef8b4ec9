import { binCount, binStart, binWidth, type Histogram } from './histogram';
import type { Range } from './range';

/** How many values an 8-bit number has. */
const levels = 256;
/** How many ranges are tried, from one a step to the whole of what was seen. */
const tries = 128;
const zeroBin = binCount / 2;

interface Cut {
  /** The first bin within, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

/**
 * The range that loses least: of ranges around zero, cut off where no number was seen, the one with the least Kullback-Leibler
 * divergence between the numbers within it (those outside moved to its ends) and the same numbers in steps of 8 bits. As in
 * "8-bit Inference with TensorRT" (Migacz, 2017). Zeros do not count: a range always holds zero exactly, and behind a Relu
 * they would outweigh all else.
 */
export function leastDivergence(histogram: Histogram, symmetric: boolean): Range {
  const { min, max } = histogram;
  if (histogram.reach === 0) return { min, max };
  const counts = withoutZeros(histogram);
  const whole = reachIn(histogram, { min, max });
  const cuts = Array.from({ length: tries }, (_, at) =>
    cutAt(Math.ceil((whole * (at + 1)) / tries), symmetric ? undefined : rangeInBins(histogram)),
  );
  const divergences = cuts.map((cut) => divergenceWithin(counts, cut));
  const best = divergences.indexOf(Math.min(...divergences));
  const { from, to } = cuts[best] ?? cutAt(whole, undefined);
  return { min: Math.max(min, binStart(histogram, from)), max: Math.min(max, binStart(histogram, to)) };
}

function withoutZeros({ counts, zeros }: Histogram): Float64Array {
  const others = Float64Array.from(counts);
  others[zeroBin] = (others[zeroBin] ?? 0) - zeros;
  return others;
}

/** How many bins from zero the farthest number is. */
const reachIn = (histogram: Histogram, { min, max }: Range): number =>
  Math.min(zeroBin, Math.floor(Math.max(-min, max) / binWidth(histogram)) + 1);

function rangeInBins(histogram: Histogram): Cut {
  const width = binWidth(histogram);
  return {
    from: zeroBin + Math.min(0, Math.floor(histogram.min / width)),
    to: Math.min(binCount, zeroBin + Math.max(1, Math.floor(histogram.max / width) + 1)),
  };
}

const cutAt = (reach: number, seen: Cut = { from: 0, to: binCount }): Cut => ({
  from: Math.max(seen.from, zeroBin - reach),
  to: Math.min(seen.to, zeroBin + reach),
});

function divergenceWithin(counts: Float64Array, { from, to }: Cut): number {
  const within = counts.slice(from, to);
  const steps = inSteps(within);
  within[0] = (within[0] ?? 0) + sum(counts.subarray(0, from));
  within[within.length - 1] = (within.at(-1) ?? 0) + sum(counts.subarray(to));
  return divergence(within, steps);
}

/** Each step's count spread evenly over those of its bins that have any. */
function inSteps(counts: Float64Array): Float64Array {
  const spread = new Float64Array(counts.length);
  const width = counts.length / Math.min(levels, counts.length);
  for (let start = 0, step = 1; start < counts.length; step++) {
    const end = Math.min(counts.length, Math.round(step * width));
    const bins = counts.subarray(start, end);
    const mean = sum(bins) / bins.reduce((used, count) => used + Number(count > 0), 0);
    bins.forEach((count, bin) => {
      if (count > 0) spread[start + bin] = mean;
    });
    start = end;
  }
  return spread;
}

/** What stands for a count that is none: it makes the divergence large, not infinite. */
const almostNone = 1e-4;

function divergence(counts: Float64Array, model: Float64Array): number {
  const [all, modelled] = [sum(counts), sum(model)];
  if (all === 0 || modelled === 0) return Number.POSITIVE_INFINITY;
  return counts.reduce((total, count, bin) => {
    if (count === 0) return total;
    return total + (count / all) * Math.log(count / all / ((model[bin] || almostNone) / modelled));
  }, 0);
}

const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
