import {
  accuracy,
  type ClassScores,
  type ConfusionMatrix,
  classScores,
  confusionMatrix,
  macroScores,
} from './class-counts';
import { type ClassProbabilities, classRocAuc } from './roc-auc';

/** scikit-learn's definitions; precision, recall and F1 are macro means. */
export interface ClassificationMetrics {
  rows: number;
  accuracy: number;
  precision: number;
  recall: number;
  f1: number;
  /** Left out where the rows are all of one class. */
  roc_auc?: number;
  log_loss: number;
  /** Rows are actual classes, columns predicted ones. */
  confusion_matrix: ConfusionMatrix;
  /** In the order of the classes. */
  per_class: ClassScores[];
}

/** The class of the largest probability of each row, the first of equals: as ArgMax in the exported model. */
export function mostProbable(probabilities: Float32Array, classes: number): Int32Array {
  const at = (row: number, column: number) =>
    probabilities[row * classes + column] ?? Number.NEGATIVE_INFINITY;
  return Int32Array.from({ length: probabilities.length / classes }, (_, row) => {
    let best = 0;
    for (let column = 1; column < classes; column++) if (at(row, column) > at(row, best)) best = column;
    return best;
  });
}

/** float32's epsilon: as far as scikit-learn lets a float32 probability go towards 0 and 1. */
const epsilon = 2 ** -23;

/** Mean of -log of the probability given to the actual class, in nats. */
export function logLoss({ actual, probabilities, classes }: ClassProbabilities): number {
  let sum = 0;
  for (let row = 0; row < actual.length; row++) {
    const probability = probabilities[row * classes + (actual[row] ?? 0)] ?? 0;
    sum -= Math.log(Math.min(Math.max(probability, epsilon), 1 - epsilon));
  }
  return sum / actual.length;
}

/** Everything that is said of a classifier on a part of the rows. */
export function classificationMetrics(rows: ClassProbabilities): ClassificationMetrics {
  const matrix = confusionMatrix(rows.actual, mostProbable(rows.probabilities, rows.classes), rows.classes);
  const area = classRocAuc(rows);
  return {
    rows: rows.actual.length,
    accuracy: accuracy(matrix),
    ...macroScores(matrix),
    ...(area === undefined ? {} : { roc_auc: area }),
    log_loss: logLoss(rows),
    confusion_matrix: matrix,
    per_class: classScores(matrix),
  };
}
