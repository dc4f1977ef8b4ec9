/** Rows that were asked of a classifier, and what it said. */
export interface ClassProbabilities {
  /** Class index of each row. */
  actual: ArrayLike<number>;
  /** `[rows, classes]`, row-major. */
  probabilities: Float32Array;
  classes: number;
}

/** The class of the largest probability of each row, the first of equals: as ArgMax in the exported model. */
export function mostProbable(probabilities: Float32Array, classes: number): Int32Array {
  const predicted = new Int32Array(probabilities.length / classes);
  for (let row = 0; row < predicted.length; row++)
    predicted[row] = largestOf(probabilities, row * classes, classes);
  return predicted;
}

/** Where the largest of `count` values from `start` stands, from 0. */
function largestOf(values: Float32Array, start: number, count: number): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    const value = values[start + index] ?? Number.NEGATIVE_INFINITY;
    if (value > most) [best, most] = [index, value];
  }
  return best;
}

/** Of two classes, the second where its probability reaches the threshold; compared as the 32-bit numbers that models give. */
export function byThreshold(probabilities: Float32Array, threshold: number): Int32Array {
  const least = Math.fround(threshold);
  return Int32Array.from({ length: probabilities.length / 2 }, (_, row) =>
    Number((probabilities[row * 2 + 1] ?? Number.NaN) >= least),
  );
}
