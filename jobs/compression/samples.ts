import type { Tensor } from '../../shared/onnx/ir';

/** Some rows as the model reads them. */
export interface SampleBatch {
  readonly rows: number;
  /** By the names of the model's inputs, `[rows, …]`. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /**
   * The truth, where the rows have one: int64 `[rows]`, the index of the class (-1: of none), or float `[rows]`, the number
   * in the target's own unit.
   */
  readonly labels?: Tensor;
}

/**
 * Rows to calibrate on and to learn from, batch by batch in a shuffled order: the same rows in the same order on each call. None
 * of them is among those that candidates are judged by. Ends after `mostRows` rows.
 */
export type Samples = (options?: { readonly mostRows?: number }) => AsyncIterable<SampleBatch>;
