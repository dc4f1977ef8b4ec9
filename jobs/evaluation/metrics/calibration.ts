import type { ClassProbabilities } from './predicted-classes';

/** One bin of a reliability diagram: what the model claimed for its rows, and what held. */
export interface ReliabilityBin {
  lower: number;
  upper: number;
  rows: number;
  /** Mean claimed probability. */
  confidence: number;
  /** Part of the rows for which the claim was true. */
  accuracy: number;
}

/**
 * How far the probabilities can be taken at their word, in bins of equal width; those without rows are left out. Of two
 * classes: the probability of the second against how often it is, as scikit-learn's `calibration_curve`; of more: the
 * probability of the predicted class against how often it is right. A probability on an edge belongs to the bin below.
 */
export function reliabilityBins(
  rows: ClassProbabilities,
  predicted: ArrayLike<number>,
  bins: number,
): ReliabilityBin[] {
  const edges = Array.from({ length: bins + 1 }, (_, index) => index * (1 / bins));
  const counted = edges.slice(1).map(() => ({ rows: 0, claimed: 0, held: 0 }));
  for (let row = 0; row < rows.actual.length; row++) {
    const { claim, holds } = claimOf(rows, row, predicted);
    const bin = counted[binOf(claim, edges)];
    if (bin === undefined) continue;
    bin.rows++;
    bin.claimed += claim;
    bin.held += Number(holds);
  }
  return counted
    .map(({ rows: count, claimed, held }, index) => ({
      lower: edges[index] ?? 0,
      upper: edges[index + 1] ?? 1,
      rows: count,
      confidence: claimed / count,
      accuracy: held / count,
    }))
    .filter((bin) => bin.rows > 0);
}

function claimOf(
  { actual, probabilities, classes }: ClassProbabilities,
  row: number,
  predicted: ArrayLike<number>,
) {
  const index = classes === 2 ? 1 : (predicted[row] ?? 0);
  return { claim: probabilities[row * classes + index] ?? Number.NaN, holds: actual[row] === index };
}

function binOf(claim: number, edges: readonly number[]): number {
  const last = edges.length - 2;
  let bin = Math.min(Math.max(Math.floor(claim * (last + 1)), 0), last);
  while (bin > 0 && claim <= (edges[bin] ?? 0)) bin--;
  while (bin < last && claim > (edges[bin + 1] ?? 1)) bin++;
  return bin;
}

export interface CalibrationErrors {
  /** Mean distance between claim and truth, by rows (Guo et al., 2017). */
  expected: number;
  /** The largest distance of a bin. */
  maximum: number;
}

/** How far the bins are from what they claim. */
export function calibrationErrors(bins: readonly ReliabilityBin[]): CalibrationErrors {
  const rows = bins.reduce((sum, bin) => sum + bin.rows, 0);
  const distances = bins.map(({ confidence, accuracy }) => Math.abs(confidence - accuracy));
  return {
    expected: bins.reduce((sum, bin, index) => sum + (bin.rows / rows) * (distances[index] ?? 0), 0),
    maximum: Math.max(0, ...distances),
  };
}
