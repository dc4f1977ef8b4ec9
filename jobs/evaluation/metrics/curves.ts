import { type ReliabilityBin, reliabilityBins } from './calibration';
import type { ClassProbabilities } from './predicted-classes';
import { areaUnderRoc, averagePrecision, countsDown, type RankedScores, rankClass } from './ranking';
import { type CurvePoint, thinCurve } from './thin-curve';

/** One class against the rest, from no row taken for positive to all of them. */
export interface RocCurve {
  class: string;
  /** Of the whole curve, before it was thinned. */
  area: number;
  points: {
    false_positive_rate: number;
    true_positive_rate: number;
    /** Rows that score at least this are taken for positive; null where no row is. */
    threshold: number | null;
  }[];
}

/** One class against the rest, from no row taken for positive, whose precision counts as 1, to all of them. */
export interface PrecisionRecallCurve {
  class: string;
  /** Of the whole curve, before it was thinned. */
  average_precision: number;
  points: { recall: number; precision: number; threshold: number | null }[];
}

/** What is drawn of a classifier. */
export interface ClassificationCurves {
  roc_curves: RocCurve[];
  precision_recall_curves: PrecisionRecallCurve[];
  /** Of the second of two classes, or of the class that was predicted. */
  calibration_bins: ReliabilityBin[];
  /** How many classes have no curve here for there are too many. */
  curves_left_out: number;
}

/** A page that shows more is not read; thinned to so many, a curve's area changes by less than 0.001. */
const mostPoints = 200;
const mostCurves = 32;

export interface DrawnOptions {
  /** Of the classes, in the order of the probabilities. */
  names: readonly string[];
  predicted: ArrayLike<number>;
  bins: number;
}

/** Curves of the second of two classes, or of each of the first 32 classes against the rest; a class without rows has none. */
export function classificationCurves(rows: ClassProbabilities, options: DrawnOptions): ClassificationCurves {
  const drawn = rows.classes === 2 ? [1] : [...Array(Math.min(rows.classes, mostCurves)).keys()];
  const curves = drawn.map((index) => {
    const [name, scores] = [options.names[index] ?? String(index), rankClass(rows, index)];
    return { roc: rocCurve(name, scores), precisionRecall: precisionRecallCurve(name, scores) };
  });
  return {
    roc_curves: curves.flatMap(({ roc }) => roc ?? []),
    precision_recall_curves: curves.flatMap(({ precisionRecall }) => precisionRecall ?? []),
    calibration_bins: reliabilityBins(rows, options.predicted, options.bins),
    curves_left_out: Math.max(0, rows.classes - mostCurves),
  };
}

function rocCurve(name: string, scores: RankedScores): RocCurve | undefined {
  const area = areaUnderRoc(scores);
  if (area === undefined) return undefined;
  const points = thinCurve(rocPoints(scores), mostPoints).map(({ x, y, threshold }) => ({
    false_positive_rate: x,
    true_positive_rate: y,
    threshold,
  }));
  return { class: name, area, points };
}

function* rocPoints(scores: RankedScores): Generator<CurvePoint> {
  yield { x: 0, y: 0, threshold: null };
  for (const { score, positives, negatives } of countsDown(scores))
    yield {
      x: negatives / scores.negatives.length,
      y: positives / scores.positives.length,
      threshold: score,
    };
}

function precisionRecallCurve(name: string, scores: RankedScores): PrecisionRecallCurve | undefined {
  const average = averagePrecision(scores);
  if (average === undefined) return undefined;
  const points = thinCurve(precisionRecallPoints(scores), mostPoints).map(({ x, y, threshold }) => ({
    recall: x,
    precision: y,
    threshold,
  }));
  return { class: name, average_precision: average, points };
}

function* precisionRecallPoints(scores: RankedScores): Generator<CurvePoint> {
  yield { x: 0, y: 1, threshold: null };
  for (const { score, positives, negatives } of countsDown(scores))
    yield {
      x: positives / scores.positives.length,
      y: positives / (positives + negatives),
      threshold: score,
    };
}
