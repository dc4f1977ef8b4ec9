import type { ModelSignature } from '../../shared/contracts/model';
import type { ClassProbabilities } from './metrics/predicted-classes';

/** Stands for the labels that are too many to be counted one by one. */
export const others = '(others)';

/** How a row's value of a column is told apart for slicing: the index of its slice, or -1 where it is in none. */
export type SliceIndexes = Int32Array;

interface Predicted {
  /** Rows that were measured; those whose label no model could know are not among them. */
  readonly rows: number;
  /** For each column that was asked for, the slice of every row. */
  readonly slices: readonly SliceIndexes[];
  /** Labels that are none of the model's classes, and how many rows have them. */
  readonly unseen: ReadonlyMap<string, number>;
}

/** What a classifier said of rows whose class is known. */
export interface ClassPredictions extends Predicted, ClassProbabilities {
  readonly task: 'classification';
  readonly actual: Int32Array;
  /** Of the classes, in the order of the probabilities. */
  readonly names: readonly string[];
  /** What the model gave summed to no 1, and was turned into probabilities by softmax. */
  readonly fromScores: boolean;
}

/** What a model said of rows whose number is known. */
export interface NumberPredictions extends Predicted {
  readonly task: 'regression';
  readonly actual: Float32Array;
  readonly predicted: Float32Array;
}

/** All that a model said of some rows beside the truth, kept in typed arrays: a few bytes a row and class. */
export type Predictions = ClassPredictions | NumberPredictions;

/** The rows at these places, with their order; nothing is left of slices. */
export function rowsAt(predictions: Predictions, places: ArrayLike<number>): Predictions {
  const kept = { rows: places.length, slices: [], unseen: new Map<string, number>() };
  if (predictions.task === 'regression') {
    const { actual, predicted } = predictions;
    return { ...predictions, ...kept, actual: pick(actual, places), predicted: pick(predicted, places) };
  }
  const { actual, probabilities, classes } = predictions;
  const chosen = new Float32Array(places.length * classes);
  for (let at = 0; at < places.length; at++) {
    const from = (places[at] ?? 0) * classes;
    chosen.set(probabilities.subarray(from, from + classes), at * classes);
  }
  const own = Int32Array.from({ length: places.length }, (_, at) => actual[places[at] ?? -1] ?? -1);
  return { ...predictions, ...kept, actual: own, probabilities: chosen };
}

const pick = (values: Float32Array, places: ArrayLike<number>): Float32Array =>
  Float32Array.from({ length: places.length }, (_, at) => values[places[at] ?? -1] ?? Number.NaN);

/** Classes as text, in the order of the probabilities: what labels are compared with. */
export const classNames = ({ classes = [] }: Pick<ModelSignature, 'classes'>): string[] =>
  classes.map(String);
