/** Counts of (actual, predicted) pairs: rows are actual classes, columns predicted ones. */
export type ConfusionMatrix = readonly (readonly number[])[];

/** Both lists hold class indices below `classes`. */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): ConfusionMatrix {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let row = 0; row < actual.length; row++) {
    const counts = matrix[actual[row] ?? -1];
    const column = predicted[row] ?? -1;
    if (counts !== undefined) counts[column] = (counts[column] ?? 0) + 1;
  }
  return matrix;
}

/** How well one class is told from the others; a rate over no rows is 0, as in scikit-learn. */
export interface ClassScores {
  precision: number;
  recall: number;
  f1: number;
  /** How many rows are of this class. */
  support: number;
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Scores of each class by itself, from the counts. */
export function classScores(matrix: ConfusionMatrix): ClassScores[] {
  return matrix.map((counts, index) => {
    const right = counts[index] ?? 0;
    const support = sum(counts);
    const predicted = sum(matrix.map((row) => row[index] ?? 0));
    return {
      precision: rate(right, predicted),
      recall: rate(right, support),
      f1: rate(2 * right, predicted + support),
      support,
    };
  });
}

/** The plain mean over the classes that occur, among the actual or among the predicted ones. */
export function macroScores(matrix: ConfusionMatrix): Omit<ClassScores, 'support'> {
  const scores = classScores(matrix);
  const occurring = scores.filter(
    ({ support }, index) => support > 0 || matrix.some((row) => (row[index] ?? 0) > 0),
  );
  const mean = (name: 'precision' | 'recall' | 'f1') =>
    rate(sum(occurring.map((one) => one[name])), occurring.length);
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
}

/** Part of the rows whose class was predicted. */
export function accuracy(matrix: ConfusionMatrix): number {
  const right = sum(matrix.map((counts, index) => counts[index] ?? 0));
  return rate(right, sum(matrix.map(sum)));
}
