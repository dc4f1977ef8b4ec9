import { calibrationErrors, reliabilityBins } from './calibration';
import { type ConfusionMatrix, classCounts, confusionMatrix } from './class-counts';
import {
  type AveragedScores,
  accuracy,
  averagedScores,
  balancedAccuracy,
  type ClassScores,
  classScores,
  cohenKappa,
  matthewsCorrelation,
} from './class-scores';
import { byThreshold, type ClassProbabilities, mostProbable } from './predicted-classes';
import { logLoss, meanScore, rowBrierScore, rowTopHit } from './probability-scores';
import { areaUnderRoc, averagePrecision, meanOverClasses, rankClass } from './ranking';

/** scikit-learn's definitions; precision, recall and F1 are macro means, as in `averages.macro`. */
export interface ClassificationMetrics {
  rows: number;
  accuracy: number;
  precision: number;
  recall: number;
  f1: number;
  balanced_accuracy: number;
  matthews_correlation: number;
  /** Left out where the rows are all of one class, and predicted to be. */
  cohen_kappa?: number;
  /** Left out where the rows are all of one class. */
  roc_auc?: number;
  /** Of the second of two classes, or the mean over those that occur. Left out where there is none. */
  average_precision?: number;
  log_loss: number;
  brier_score: number;
  expected_calibration_error: number;
  maximum_calibration_error: number;
  /** How many guesses `top_k_accuracy` allows; both are left out of two classes. */
  top_k?: number;
  top_k_accuracy?: number;
  averages: AveragedScores;
  /** Rows are actual classes, columns predicted ones; without rows where there are more than 1,000 classes. */
  confusion_matrix: ConfusionMatrix;
  /** In the order of the classes. */
  per_class: ClassScores[];
}

export interface ClassificationOptions {
  /** Of two classes, the second is predicted where its probability reaches this; the most probable one where absent. */
  threshold?: number | undefined;
  /** Of equal width, for the calibration errors. */
  bins?: number | undefined;
  /** By default 5, or 2 where there are not more classes than that. */
  topK?: number | undefined;
}

export const defaultBins = 10;
/** A square of more numbers than that is read by nobody. */
const mostMatrixClasses = 1_000;

/** The class that is predicted for each row, by its index. */
export const predictedClasses = (
  { probabilities, classes }: ClassProbabilities,
  threshold: number | undefined,
): Int32Array =>
  threshold === undefined || classes !== 2
    ? mostProbable(probabilities, classes)
    : byThreshold(probabilities, threshold);

/** How many guesses are allowed, where that tells more than the accuracy. */
export function guessesOf(classes: number, topK = classes > 5 ? 5 : 2): number | undefined {
  return topK < classes && classes > 2 ? topK : undefined;
}

/** Everything that is said in numbers of a classifier on some rows. */
export function classificationMetrics(
  rows: ClassProbabilities,
  { threshold, bins = defaultBins, topK }: ClassificationOptions = {},
): ClassificationMetrics {
  const predicted = predictedClasses(rows, threshold);
  const counts = classCounts(rows.actual, predicted, rows.classes);
  const averages = averagedScores(counts);
  const calibration = calibrationErrors(reliabilityBins(rows, predicted, bins));
  return {
    rows: rows.actual.length,
    accuracy: accuracy(counts),
    ...averages.macro,
    balanced_accuracy: balancedAccuracy(counts),
    matthews_correlation: matthewsCorrelation(counts),
    ...present({ cohen_kappa: cohenKappa(counts) }),
    ...rankingMetrics(rows),
    log_loss: logLoss(rows),
    brier_score: meanScore(rows, rowBrierScore),
    expected_calibration_error: calibration.expected,
    maximum_calibration_error: calibration.maximum,
    ...topMetrics(rows, guessesOf(rows.classes, topK)),
    averages,
    confusion_matrix:
      rows.classes > mostMatrixClasses ? [] : confusionMatrix(rows.actual, predicted, rows.classes),
    per_class: classScores(counts),
  };
}

/** Each class is sorted once, for both. */
function rankingMetrics(rows: ClassProbabilities) {
  const precisions: (number | undefined)[] = [];
  const area = meanOverClasses(rows, (index) => {
    const ranked = rankClass(rows, index);
    precisions[index] = averagePrecision(ranked);
    return areaUnderRoc(ranked);
  });
  return present({ roc_auc: area, average_precision: meanOverClasses(rows, (index) => precisions[index]) });
}

const topMetrics = (rows: ClassProbabilities, k: number | undefined) =>
  k === undefined ? {} : { top_k: k, top_k_accuracy: meanScore(rows, rowTopHit(k)) };

/** Without those that have no value. */
function present<K extends string>(metrics: Record<K, number | undefined>): Partial<Record<K, number>> {
  const known: Partial<Record<K, number>> = {};
  for (const name in metrics) {
    const value = metrics[name];
    if (value !== undefined) known[name] = value;
  }
  return known;
}
