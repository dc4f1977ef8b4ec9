import { setImmediate as nextTurn } from 'node:timers/promises';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { InterruptedError } from '../../shared/errors/job-errors';
import type { ModelMetrics } from './evaluate-model';
import type { ClassificationOptions } from './metrics/classification-metrics';
import { quantile } from './metrics/quantile';
import {
  type MetricValues,
  rankedClasses,
  type WeightedMetrics,
  weightedClassification,
} from './metrics/weighted-classification';
import { mostOrderedRows } from './metrics/weighted-ranking';
import { weightedRegression } from './metrics/weighted-regression';
import { type Predictions, rowsAt } from './predictions';

interface Measured {
  readonly predictions: Predictions;
  /** Of all of them: what the intervals are around. */
  readonly metrics: ModelMetrics;
}

export interface BootstrapOptions extends ClassificationOptions {
  readonly resamples: number;
  /** Of 1: how often such an interval holds the truth. */
  readonly confidence: number;
  readonly seed: number;
  /** Rows to look at over all resamples and metrics; of more, a sample is drawn from. */
  readonly mostVisits?: number;
  /** `InterruptedError` soon after it aborts. */
  readonly signal: AbortSignal;
  /** Told how much is done, of 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** A metric, and where it would lie for other rows of the same kind. */
export interface MetricInterval {
  metric: string;
  value: number;
  low: number;
  high: number;
  confidence: number;
  standard_error: number;
}

export interface Bootstrapped {
  method: 'percentile bootstrap';
  resamples: number;
  /** Fewer than were measured where those are too many to draw from again and again. */
  rows_per_resample: number;
  seed: number;
  intervals: MetricInterval[];
}

/** Rows to look at over all resamples: some seconds' work. */
const defaultVisits = 3e8;

/**
 * Percentile intervals (Efron and Tibshirani, 1993) of the headline metrics: as many rows drawn with replacement, again and
 * again; the same for the same seed. Of more rows than can be visited so often, a seeded sample is drawn from, and how its
 * resamples stray is narrowed to what all rows would, by the square root of their shares (Bickel, Götze and van Zwet,
 * 1997). A resample without a metric, such as the area of a single class, is left out of that metric's interval.
 */
export async function bootstrapIntervals(
  { predictions, metrics }: Measured,
  options: BootstrapOptions,
): Promise<Bootstrapped> {
  const random = randomBelow(options.seed);
  const drawnFrom = sampled(predictions, rowsToDraw(predictions, options), random);
  const metricsOf = weightedMetrics(drawnFrom, options);
  const sampleValues = metricsOf(new Uint16Array(drawnFrom.rows).fill(1));
  const resampled = await resample(metricsOf, drawnFrom.rows, { ...options, random });
  const valuesByName: Readonly<Record<string, unknown>> = { ...metrics };
  const narrowing = Math.sqrt(drawnFrom.rows / predictions.rows);
  return {
    method: 'percentile bootstrap',
    resamples: options.resamples,
    rows_per_resample: drawnFrom.rows,
    seed: options.seed,
    intervals: Object.entries(sampleValues).flatMap(([metric, centre]) => {
      const value = valuesByName[metric];
      const found = resampled.map((one) => one[metric]).filter((one) => one !== undefined);
      if (typeof value !== 'number' || centre === undefined || found.length === 0) return [];
      const around = Float64Array.from(found, (one) => value + (one - centre) * narrowing).sort();
      return [intervalOf({ metric, value, around, confidence: options.confidence })];
    }),
  };
}

function rowsToDraw(
  predictions: Predictions,
  { resamples, mostVisits = defaultVisits }: BootstrapOptions,
): number {
  const passes = predictions.task === 'regression' ? 4 : 2 + rankedClasses(predictions.classes).length;
  return Math.max(1_000, Math.min(mostOrderedRows, Math.floor(mostVisits / (resamples * passes))));
}

type RandomBelow = (count: number) => number;

/** Whole numbers from 0, as even as 32 bits allow. */
export function randomBelow(seed: number): RandomBelow {
  const generator = xoroshiro128plus(seed | 0);
  return (count) => (((generator.next() >>> 0) * count) / 2 ** 32) >>> 0;
}

/** At most so many of the rows, in their order, each set of them as likely as any other (Knuth's algorithm S). */
function sampled(predictions: Predictions, most: number, random: RandomBelow): Predictions {
  if (predictions.rows <= most) return predictions;
  const places = new Uint32Array(most);
  let chosen = 0;
  for (let row = 0; chosen < most; row++)
    if (random(predictions.rows - row) < most - chosen) places[chosen++] = row;
  return rowsAt(predictions, places);
}

/** The metrics of these predictions, of rows drawn more than once or not at all. */
export const weightedMetrics = (predictions: Predictions, options: ClassificationOptions): WeightedMetrics =>
  predictions.task === 'regression'
    ? weightedRegression(predictions.actual, predictions.predicted)
    : weightedClassification(predictions, options);

interface Resampling extends BootstrapOptions {
  readonly random: RandomBelow;
}

/** A turn of the event loop between groups of resamples, so that a stop is heard and progress is told. */
const resamplesPerTurn = 20;

/** The metrics of resamples: as many rows drawn with replacement, again and again. */
export async function resample(
  metricsOf: WeightedMetrics,
  rows: number,
  { resamples, random, signal, onProgress }: Resampling,
): Promise<MetricValues[]> {
  const found: MetricValues[] = [];
  const weights = new Uint16Array(rows);
  while (found.length < resamples) {
    weights.fill(0);
    for (let draw = 0; draw < rows; draw++) {
      const row = random(rows);
      weights[row] = (weights[row] ?? 0) + 1;
    }
    found.push(metricsOf(weights));
    if (found.length % resamplesPerTurn !== 0) continue;
    onProgress?.(found.length / resamples);
    await nextTurn();
    if (signal.aborted) throw new InterruptedError(String(signal.reason));
  }
  return found;
}

interface Around {
  readonly metric: string;
  readonly value: number;
  /** What the resamples gave, rising. */
  readonly around: Float64Array;
  readonly confidence: number;
}

function intervalOf({ metric, value, around, confidence }: Around): MetricInterval {
  const mean = around.reduce((sum, one) => sum + one, 0) / around.length;
  const variance = around.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, around.length - 1);
  return {
    metric,
    value,
    low: quantile(around, (1 - confidence) / 2),
    high: quantile(around, (1 + confidence) / 2),
    confidence,
    standard_error: Math.sqrt(variance),
  };
}
