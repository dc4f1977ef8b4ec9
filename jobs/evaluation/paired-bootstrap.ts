import { type BootstrapOptions, randomBelow, resample } from './bootstrap';
import { quantile } from './metrics/quantile';
import type { WeightedMetrics } from './metrics/weighted-classification';

/** A metric of some rows, and of resamples of them that are the same for every model. */
export interface DrawnMetric {
  /** NaN where the rows allow none. */
  readonly value: number;
  readonly resampled: readonly number[];
}

export interface DrawnRows {
  /** Of the rows, drawn more than once or not at all. */
  readonly metricsOf: WeightedMetrics;
  readonly rows: number;
  readonly metric: string;
}

/** The same seed and number of rows draw the same rows, whatever was predicted of them. */
export async function drawMetric(
  { metricsOf, rows, metric }: DrawnRows,
  options: BootstrapOptions,
): Promise<DrawnMetric> {
  const value = metricsOf(new Uint16Array(rows).fill(1))[metric] ?? Number.NaN;
  const drawn = await resample(metricsOf, rows, { ...options, random: randomBelow(options.seed) });
  return { value, resampled: drawn.map((values) => values[metric] ?? Number.NaN) };
}

/** A number, and where it would lie for other rows of the same kind. */
export interface PairedInterval {
  value: number;
  low: number;
  high: number;
}

export interface Pair {
  readonly before: DrawnMetric;
  readonly after: DrawnMetric;
  readonly higherIsBetter: boolean;
  readonly confidence: number;
  /** Of a share of rows: how many there are. What was seen in none of them may yet be in three of as many (rule of three). */
  readonly sharedRows?: number;
}

/**
 * A metric of one model, and how much worse it is than another's (under zero: better), with percentile bootstrap intervals.
 * Both were measured on the same resamples, so that what makes rows hard or easy cancels in the difference (Efron and
 * Tibshirani, 1993). Where no resample tells the two apart, a share is sure to 3 / rows (Hanley and Lippman-Hand, 1983).
 */
export function pairedIntervals({ before, after, higherIsBetter, confidence, sharedRows }: Pair): {
  metric: PairedInterval;
  drop: PairedInterval;
} {
  const lost = (old: number, recent: number) => (higherIsBetter ? old - recent : recent - old);
  const drops = after.resampled.map((recent, index) => lost(before.resampled[index] ?? Number.NaN, recent));
  const drop = intervalOf(lost(before.value, after.value), drops, confidence);
  const isCertain = drop.low === drop.high && before !== after;
  const doubt = isCertain && sharedRows !== undefined ? Math.min(1, 3 / sharedRows) : 0;
  return {
    metric: intervalOf(after.value, after.resampled, confidence),
    drop: { ...drop, low: drop.low - doubt, high: drop.high + doubt },
  };
}

function intervalOf(value: number, resampled: readonly number[], confidence: number): PairedInterval {
  const sorted = Float64Array.from(resampled.filter(Number.isFinite)).sort();
  if (sorted.length === 0) return { value, low: value, high: value };
  return {
    value,
    low: quantile(sorted, (1 - confidence) / 2),
    high: quantile(sorted, (1 + confidence) / 2),
  };
}
