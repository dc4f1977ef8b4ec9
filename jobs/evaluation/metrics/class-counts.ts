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

/** Rows by class: those that are of it, those that were predicted to be, and those that are both. */
export interface ClassCounts {
  readonly support: Float64Array;
  readonly predicted: Float64Array;
  readonly right: Float64Array;
}

/** All that the scores below need of a confusion matrix, without its square of the classes. */
export function classCounts(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): ClassCounts {
  const counts = noCounts(classes);
  for (let row = 0; row < actual.length; row++) addPair(counts, actual[row] ?? -1, predicted[row] ?? -1, 1);
  return counts;
}

export const noCounts = (classes: number): ClassCounts => ({
  support: new Float64Array(classes),
  predicted: new Float64Array(classes),
  right: new Float64Array(classes),
});

/** Counts one row `times` over; changes the counts in place. */
export function addPair(counts: ClassCounts, actual: number, predicted: number, times: number): void {
  counts.support[actual] = (counts.support[actual] ?? 0) + times;
  counts.predicted[predicted] = (counts.predicted[predicted] ?? 0) + times;
  if (actual === predicted) counts.right[actual] = (counts.right[actual] ?? 0) + times;
}
