import type { ClassProbabilities } from './predicted-classes';

/** The scores of positive and of negative rows, each rising: all that is ranked by needs no more. */
export interface RankedScores {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** Two short sorts of plain numbers take a tenth of the time of one that orders rows by their scores. */
export function rankScores(scores: ArrayLike<number>, isPositive: (row: number) => boolean): RankedScores {
  const positives = new Float64Array(scores.length);
  const negatives = new Float64Array(scores.length);
  let found = 0;
  for (let row = 0; row < scores.length; row++) {
    const score = scores[row] ?? Number.NaN;
    if (isPositive(row)) positives[found++] = score;
    else negatives[row - found] = score;
  }
  return {
    positives: positives.subarray(0, found).sort(),
    negatives: negatives.subarray(0, scores.length - found).sort(),
  };
}

/** One class against the rest, by the probability that it was given. */
export function rankClass(
  { actual, probabilities, classes }: ClassProbabilities,
  index: number,
): RankedScores {
  const column = new Float32Array(actual.length);
  for (let row = 0; row < column.length; row++)
    column[row] = probabilities[row * classes + index] ?? Number.NaN;
  return rankScores(column, (row) => actual[row] === index);
}

/** sorted, so that what is not a number stands last */
const isRanked = (scores: Float64Array): boolean => !Number.isNaN(scores.at(-1));

/**
 * Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half
 * (Mann-Whitney's U; Hanley and McNeil, 1982). Undefined where all rows are of one kind, or a score is not a number.
 */
export function areaUnderRoc({ positives, negatives }: RankedScores): number | undefined {
  if (positives.length === 0 || negatives.length === 0) return undefined;
  if (!isRanked(positives) || !isRanked(negatives)) return undefined;
  let below = 0;
  let upTo = 0;
  let won = 0;
  for (const score of positives) {
    while (below < negatives.length && (negatives[below] ?? 0) < score) below++;
    while (upTo < negatives.length && (negatives[upTo] ?? 0) <= score) upTo++;
    won += (below + upTo) / 2;
  }
  return won / (positives.length * negatives.length);
}

/** Rows that score at least `score`, of each kind. */
export interface RankedCounts {
  readonly score: number;
  readonly positives: number;
  readonly negatives: number;
}

/** What is at or above each score that occurs, from the highest down. */
export function* countsDown({ positives, negatives }: RankedScores): Generator<RankedCounts> {
  let [p, n] = [positives.length, negatives.length];
  while (p > 0 || n > 0) {
    const score = Math.max(
      positives[p - 1] ?? Number.NEGATIVE_INFINITY,
      negatives[n - 1] ?? Number.NEGATIVE_INFINITY,
    );
    while (p > 0 && positives[p - 1] === score) p--;
    while (n > 0 && negatives[n - 1] === score) n--;
    yield { score, positives: positives.length - p, negatives: negatives.length - n };
  }
}

/**
 * Average precision: precision at each score, by the recall that it gains; ties are one step, and nothing is interpolated,
 * as in scikit-learn. Undefined where no row is positive, or a score is not a number.
 */
export function averagePrecision(ranked: RankedScores): number | undefined {
  if (ranked.positives.length === 0 || !isRanked(ranked.positives) || !isRanked(ranked.negatives))
    return undefined;
  let before = 0;
  let sum = 0;
  for (const { positives, negatives } of countsDown(ranked)) {
    sum += ((positives - before) * positives) / (positives + negatives);
    before = positives;
  }
  return sum / ranked.positives.length;
}

/**
 * A ranking metric of all classes. Of two: that of the second. Of more: each against the rest, the plain mean over those
 * that have one. Undefined where there is none.
 */
export function meanOverClasses(
  rows: Pick<ClassProbabilities, 'classes'>,
  metricOf: (index: number) => number | undefined,
): number | undefined {
  if (rows.classes === 2) return metricOf(1);
  const found = Array.from({ length: rows.classes }, (_, index) => metricOf(index)).filter(
    (metric) => metric !== undefined,
  );
  return found.length === 0 ? undefined : found.reduce((sum, metric) => sum + metric, 0) / found.length;
}
