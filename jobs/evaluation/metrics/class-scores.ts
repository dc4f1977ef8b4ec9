import type { ClassCounts } from './class-counts';

/** How well one class is told from the others; a rate over no rows is 0, as in scikit-learn. */
export interface ClassScores {
  precision: number;
  recall: number;
  f1: number;
  /** How many rows are of this class. */
  support: number;
}

/** Scores of all classes in one number each. */
export type MeanScores = Omit<ClassScores, 'support'>;

export interface AveragedScores {
  /** The plain mean over the classes that occur, among the actual or among the predicted ones. */
  macro: MeanScores;
  /** Over all rows at once: of one class per row, all three are the accuracy. */
  micro: MeanScores;
  /** The mean over classes by their support. */
  weighted: MeanScores;
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index] ?? 0;
  return total;
};

/** Scores of each class by itself, from the counts. */
export function classScores({ support, predicted, right }: ClassCounts): ClassScores[] {
  return Array.from(support, (rows, index) => {
    const [guessed = 0, hits = 0] = [predicted[index], right[index]];
    return {
      precision: rate(hits, guessed),
      recall: rate(hits, rows),
      f1: rate(2 * hits, guessed + rows),
      support: rows,
    };
  });
}

/** Precision, recall and F1 of all classes together, in the three ways of scikit-learn. */
export function averagedScores(counts: ClassCounts): AveragedScores {
  const scores = classScores(counts);
  const occurring = scores.map(({ support }, index) => support > 0 || (counts.predicted[index] ?? 0) > 0);
  const micro = accuracy(counts);
  return {
    macro: meanScores(scores, occurring.map(Number)),
    micro: { precision: micro, recall: micro, f1: micro },
    weighted: meanScores(
      scores,
      scores.map(({ support }) => support),
    ),
  };
}

function meanScores(scores: readonly ClassScores[], weights: readonly number[]): MeanScores {
  const whole = sum(weights);
  const mean = (name: keyof MeanScores) =>
    rate(
      scores.reduce((total, score, index) => total + score[name] * (weights[index] ?? 0), 0),
      whole,
    );
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
}

/** Part of the rows whose class was predicted. */
export const accuracy = ({ right, support }: ClassCounts): number => rate(sum(right), sum(support));

/** The mean recall of the classes that rows are of (Brodersen et al., 2010). */
export function balancedAccuracy({ right, support }: ClassCounts): number {
  let total = 0;
  let classes = 0;
  for (const [index, rows] of support.entries()) {
    if (rows === 0) continue;
    total += (right[index] ?? 0) / rows;
    classes++;
  }
  return rate(total, classes);
}

/**
 * Matthews' correlation of actual and predicted classes, for any number of classes (Gorodkin, 2004): 1 is perfect, 0 no
 * better than chance. 0 where all rows are of one class, or predicted to be.
 */
export function matthewsCorrelation(counts: ClassCounts): number {
  const { rows, right, byChance } = agreement(counts);
  const spread = (sizes: Float64Array) => rows ** 2 - sizes.reduce((total, size) => total + size ** 2, 0);
  const whole = spread(counts.support) * spread(counts.predicted);
  return whole === 0 ? 0 : (right * rows - byChance) / Math.sqrt(whole);
}

/** Agreement beyond chance (Cohen, 1960). Undefined where chance alone agrees always: one class, for actual and predicted. */
export function cohenKappa(counts: ClassCounts): number | undefined {
  const { rows, right, byChance } = agreement(counts);
  const room = rows ** 2 - byChance;
  return room === 0 ? undefined : (right * rows - byChance) / room;
}

function agreement({ support, predicted, right }: ClassCounts) {
  const byChance = support.reduce((total, rows, index) => total + rows * (predicted[index] ?? 0), 0);
  return { rows: sum(support), right: sum(right), byChance };
}
