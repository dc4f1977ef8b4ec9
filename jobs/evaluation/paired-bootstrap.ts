import { type BootstrapOptions, randomBelow, resample, weightedMetrics } from './bootstrap';
import { quantile } from './metrics/quantile';
import type { Predictions } from './predictions';

/** A metric of some rows, and of resamples of them that are the same for every model. */
export interface DrawnMetric {
  /** NaN where the rows allow none. */
  readonly value: number;
  readonly resampled: readonly number[];
}

/** The same seed and number of rows draw the same rows, whatever was predicted of them. */
export async function drawMetric(
  predictions: Predictions,
  metric: string,
  options: BootstrapOptions,
): Promise<DrawnMetric> {
  const metricsOf = weightedMetrics(predictions, options);
  const { rows } = predictions;
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
}

/**
 * A metric of one model, and how much worse it is than another's (under zero: better), with percentile bootstrap intervals.
 * Both were measured on the same resamples, so that what makes rows hard or easy cancels in the difference (Efron and
 * Tibshirani, 1993).
 */
export function pairedIntervals({ before, after, higherIsBetter, confidence }: Pair): {
  metric: PairedInterval;
  drop: PairedInterval;
} {
  const lost = (old: number, recent: number) => (higherIsBetter ? old - recent : recent - old);
  const drops = after.resampled.map((recent, index) => lost(before.resampled[index] ?? Number.NaN, recent));
  return {
    metric: intervalOf(after.value, after.resampled, confidence),
    drop: intervalOf(lost(before.value, after.value), drops, confidence),
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
