/**
 * Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half
 * (Mann-Whitney's U; Hanley and McNeil, 1982). Undefined where all rows are of one kind.
 */
export function rocAuc(scores: ArrayLike<number>, isPositive: (row: number) => boolean): number | undefined {
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row);
  const scoreAt = (place: number) => scores[order[place] ?? 0] ?? Number.NaN;
  order.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let positives = 0;
  let rankSum = 0;
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && scoreAt(to) === scoreAt(from)) to++;
    const tied = order.subarray(from, to).reduce((count, row) => count + Number(isPositive(row)), 0);
    positives += tied;
    rankSum += (tied * (from + 1 + to)) / 2;
  }
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

export interface ClassProbabilities {
  /** Class index of each row. */
  actual: ArrayLike<number>;
  /** `[rows, classes]`, row-major. */
  probabilities: Float32Array;
  classes: number;
}

/** The probabilities of one class, row by row. */
const columnOf = ({ actual, probabilities, classes }: ClassProbabilities, column: number): Float32Array =>
  Float32Array.from(
    { length: actual.length },
    (_, row) => probabilities[row * classes + column] ?? Number.NaN,
  );

/**
 * Binary: the area for the second class. More classes: each against the rest, the plain mean over those for which an area
 * exists. Undefined where there is none.
 */
export function classRocAuc(rows: ClassProbabilities): number | undefined {
  const areaOf = (index: number) => rocAuc(columnOf(rows, index), (row) => rows.actual[row] === index);
  if (rows.classes === 2) return areaOf(1);
  const areas = Array.from({ length: rows.classes }, (_, index) => areaOf(index)).filter(
    (area) => area !== undefined,
  );
  return areas.length === 0 ? undefined : areas.reduce((sum, area) => sum + area, 0) / areas.length;
}
