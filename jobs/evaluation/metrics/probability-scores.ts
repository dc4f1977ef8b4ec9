import type { ClassProbabilities } from './predicted-classes';

/** A number of one row that a metric is the mean of. */
export type RowScore = (rows: ClassProbabilities, row: number) => number;

/** The mean over all rows of what is said of each. */
export function meanScore(rows: ClassProbabilities, score: RowScore): number {
  let sum = 0;
  for (let row = 0; row < rows.actual.length; row++) sum += score(rows, row);
  return sum / rows.actual.length;
}

/** float32's epsilon: as far as scikit-learn lets a float32 probability go towards 0 and 1. */
const epsilon = 2 ** -23;

const givenToActual = ({ actual, probabilities, classes }: ClassProbabilities, row: number): number =>
  probabilities[row * classes + (actual[row] ?? 0)] ?? 0;

/** -log of the probability given to the actual class, in nats. */
export const rowLogLoss: RowScore = (rows, row) =>
  -Math.log(Math.min(Math.max(givenToActual(rows, row), epsilon), 1 - epsilon));

/** Mean of -log of the probability given to the actual class, in nats. */
export const logLoss = (rows: ClassProbabilities): number => meanScore(rows, rowLogLoss);

/**
 * Squared distance from the probabilities to the truth (Brier, 1950). Of two classes that of the second alone, within
 * [0, 1]; of more the sum over all, within [0, 2]: scikit-learn's `brier_score_loss` with `scale_by_half='auto'`.
 */
export const rowBrierScore: RowScore = ({ actual, probabilities, classes }, row) => {
  const start = row * classes;
  const distance = (index: number) =>
    ((probabilities[start + index] ?? Number.NaN) - Number(actual[row] === index)) ** 2;
  if (classes === 2) return distance(1);
  let sum = 0;
  for (let index = 0; index < classes; index++) sum += distance(index);
  return sum;
};

/**
 * 1 where the actual class is among the `k` most probable, else 0. Of equal probabilities the later class goes first, as in
 * scikit-learn's `top_k_accuracy_score`.
 */
export const rowTopHit =
  (k: number): RowScore =>
  (rows, row) => {
    const { actual, probabilities, classes } = rows;
    const own = givenToActual(rows, row);
    const place = actual[row] ?? 0;
    let ahead = 0;
    for (let index = 0; index < classes; index++) {
      const other = probabilities[row * classes + index] ?? Number.NaN;
      if (other > own || (other === own && index > place)) ahead++;
    }
    return Number(ahead < k);
  };
