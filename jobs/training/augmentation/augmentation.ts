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

/** Random changes of a batch: a few numbers are drawn for it ahead of its step, and the graph does the rest. */
export interface Augmentation {
  /** What is drawn for a batch of this many rows. */
  readonly draws: (batchSize: number) => Readonly<Record<string, RowType>>;
  /** Those numbers for batches one behind the other, `[batches, …]`: the same for the same batch numbers. */
  readonly draw: (firstBatch: number, batches: number, batchSize: number) => Readonly<Record<string, Tensor>>;
  readonly apply: (examples: Examples, given: Drawn) => AugmentedExamples;
}

/** Examples as they are. */
export const unchanged: Augmentation = {
  draws: () => ({}),
  draw: () => ({}),
  apply: (examples) => examples,
};
