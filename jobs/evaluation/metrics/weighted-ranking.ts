import type { ClassProbabilities } from './predicted-classes';

/** Rows of one class against the rest, from the highest score down. */
export interface Ranked {
  readonly order: Uint32Array;
  /** By place in the order: 1 where the row is of the class. */
  readonly isPositive: Uint8Array;
  /** By place: 1 where the next row scores less, or there is none. */
  readonly endsTie: Uint8Array;
  /** A score is not a number, so there is no order. */
  readonly broken: boolean;
}

/** A row's number beside its score in one double: 32 bits of score and 21 of row. */
const rowBits = 2 ** 21;
/** As many rows as can be ordered. */
export const mostOrderedRows = rowBits;

/**
 * Orders at most 2^21 rows by what a class got. Score and row go into one number each, the score's bits turned so that
 * they rise as it does: a plain sort of numbers takes a tenth of the time of one with a comparison.
 */
export function orderDown({ actual, probabilities, classes }: ClassProbabilities, index: number): Ranked {
  const rows = actual.length;
  const scores = Float32Array.from({ length: rows }, (_, row) => probabilities[row * classes + index] ?? 0);
  const bits = new Int32Array(scores.buffer);
  const keys = Float64Array.from(bits, (pattern, row) => {
    const rising = pattern < 0 ? ~pattern : pattern | 0x8000_0000;
    return (rising >>> 0) * rowBits + row;
  }).sort();
  const order = Uint32Array.from(keys, (_, place) => (keys[rows - 1 - place] ?? 0) % rowBits);
  const scoreAt = (place: number) => scores[order[place] ?? 0];
  return {
    order,
    isPositive: Uint8Array.from(order, (row) => Number(actual[row] === index)),
    endsTie: Uint8Array.from(order, (_, place) =>
      Number(place === rows - 1 || scoreAt(place) !== scoreAt(place + 1)),
    ),
    broken: scores.some((score) => Number.isNaN(score)),
  };
}

/**
 * Area under the ROC curve and average precision of rows that count as often as their weights say, in one pass; undefined
 * as in `areaUnderRoc` and `averagePrecision`.
 */
export function weightedRanking(
  { order, isPositive, endsTie, broken }: Ranked,
  weights: Uint16Array,
): { area: number | undefined; averagePrecision: number | undefined } {
  let [above, below] = [0, 0];
  let [tied, tiedBelow] = [0, 0];
  let [won, precision] = [0, 0];
  for (let place = 0; place < order.length; place++) {
    const weight = weights[order[place] ?? 0] ?? 0;
    if (isPositive[place] === 1) tied += weight;
    else tiedBelow += weight;
    if (endsTie[place] === 0) continue;
    won += tiedBelow * (above + tied / 2);
    above += tied;
    below += tiedBelow;
    if (tied > 0) precision += (tied * above) / (above + below);
    [tied, tiedBelow] = [0, 0];
  }
  if (broken || above === 0) return { area: undefined, averagePrecision: undefined };
  return { area: below === 0 ? undefined : won / (above * below), averagePrecision: precision / above };
}
