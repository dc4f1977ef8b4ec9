import { addPair, noCounts } from './class-counts';
import { accuracy, averagedScores, balancedAccuracy, cohenKappa, matthewsCorrelation } from './class-scores';
import { type ClassificationOptions, guessesOf, predictedClasses } from './classification-metrics';
import type { ClassProbabilities } from './predicted-classes';
import { type RowScore, rowBrierScore, rowLogLoss, rowTopHit } from './probability-scores';
import { orderDown, type Ranked, weightedRanking } from './weighted-ranking';

/** Metrics by name; undefined where the rows allow none. */
export type MetricValues = Readonly<Record<string, number | undefined>>;

/** Metrics of rows that count as often as their weights say, `[rows]`. */
export type WeightedMetrics = (weights: Uint16Array) => MetricValues;

/** More classes than this are not ranked: one pass over the rows for each would take too long. */
const mostRankedClasses = 32;

/** How many classes a ranking metric passes over the rows for. */
export function rankedClasses(classes: number): readonly number[] {
  if (classes === 2) return [1];
  return classes > mostRankedClasses ? [] : [...Array(classes).keys()];
}

/** The headline numbers of `classificationMetrics`, of rows drawn more than once or not at all. */
export function weightedClassification(
  rows: ClassProbabilities,
  { threshold, topK }: ClassificationOptions = {},
): WeightedMetrics {
  const predicted = predictedClasses(rows, threshold);
  const guesses = guessesOf(rows.classes, topK);
  const means = Object.entries({
    log_loss: rowLogLoss,
    brier_score: rowBrierScore,
    ...(guesses === undefined ? {} : { top_k_accuracy: rowTopHit(guesses) }),
  }).map(([name, score]) => ({ name, values: valuesOf(rows, score) }));
  const ranked = rankedClasses(rows.classes).map((index) => orderDown(rows, index));
  return (weights) => {
    const counts = noCounts(rows.classes);
    for (let row = 0; row < weights.length; row++)
      addPair(counts, rows.actual[row] ?? -1, predicted[row] ?? -1, weights[row] ?? 0);
    return {
      accuracy: accuracy(counts),
      ...averagedScores(counts).macro,
      balanced_accuracy: balancedAccuracy(counts),
      matthews_correlation: matthewsCorrelation(counts),
      cohen_kappa: cohenKappa(counts),
      ...rankings(ranked, weights),
      ...Object.fromEntries(means.map(({ name, values }) => [name, weightedMean(values, weights)])),
    };
  };
}

const valuesOf = (rows: ClassProbabilities, score: RowScore): Float64Array =>
  Float64Array.from({ length: rows.actual.length }, (_, row) => score(rows, row));

/** The mean of values that count as often as their weights say. */
export function weightedMean(values: Float64Array, weights: Uint16Array): number {
  let sum = 0;
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    const weight = weights[row] ?? 0;
    sum += weight * (values[row] ?? 0);
    count += weight;
  }
  return sum / count;
}

function rankings(ranked: readonly Ranked[], weights: Uint16Array): MetricValues {
  const each = ranked.map((one) => weightedRanking(one, weights));
  return {
    roc_auc: meanOfKnown(each.map(({ area }) => area)),
    average_precision: meanOfKnown(each.map(({ averagePrecision }) => averagePrecision)),
  };
}

function meanOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}
