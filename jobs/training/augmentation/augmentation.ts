import type { Tensor, Value } from '../../../shared/onnx/ir';
import type { Examples } from '../batch-picker';
import type { RandomSource } from '../random';
import type { RowType } from '../row-type';

/** Examples as a step learns from them. */
export interface AugmentedExamples extends Examples {
  /** MixUp: the targets of the rows that were mixed in, and how much of each row is its own. */
  readonly mixed?: { readonly targets: Value; readonly fraction: Value };
}

export interface Drawn {
  /** By the names of `draws`, without the axis of batches. */
  readonly drawn: Readonly<Record<string, Value>>;
  readonly random: RandomSource;
}

/**
 * Random changes of a batch. What is drawn for it are a few numbers, which go into the runtime together with the row
 * numbers of all steps of a call; the graph does the rest. So no step waits for its rows, and what a step sees is a
 * function of seed and batch number alone.
 */
export interface Augmentation {
  /** What is drawn for a batch of this many rows. */
  readonly draws: (batchSize: number) => Readonly<Record<string, RowType>>;
  /** Those numbers for batches one behind the other, `[batches, …]`: the same for the same batch numbers. */
  readonly draw: (firstBatch: number, batches: number, batchSize: number) => Readonly<Record<string, Tensor>>;
  readonly apply: (examples: AugmentedExamples, given: Drawn) => AugmentedExamples;
}

/** Examples as they are. */
export const unchanged: Augmentation = {
  draws: () => ({}),
  draw: () => ({}),
  apply: (examples) => examples,
};

/** One after the other; the names of what they draw differ. */
export const inTurn = (...all: readonly Augmentation[]): Augmentation => ({
  draws: (batchSize) => Object.assign({}, ...all.map((one) => one.draws(batchSize))),
  draw: (...place) => Object.assign({}, ...all.map((one) => one.draw(...place))),
  apply: (examples, given) => all.reduce((reached, one) => one.apply(reached, given), examples),
});
