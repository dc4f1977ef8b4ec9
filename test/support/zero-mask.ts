import { findSparseWeights } from '../../jobs/compression/pruning/sparse-weights';
import { weightNumbers } from '../../jobs/compression/pruning/weight-numbers';
import { replaceWeights, withZeros } from '../../jobs/compression/pruning/with-zeros';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import type { Model } from '../../shared/onnx/ir';

/** Where the zeros of a model's weights are: one for each weight, in topological order. */
export type ZeroMask = readonly {
  readonly dims: readonly number[];
  /** 1 where the weight is zero. */
  readonly zeros: Uint8Array;
}[];

export const zeroMask = (model: Model): ZeroMask =>
  findSparseWeights(model).map(({ weight }) => ({
    dims: weight.tensor.dims,
    zeros: Uint8Array.from(weightNumbers(weight) ?? [], (value) => (value === 0 ? 1 : 0)),
  }));

/**
 * Zeroes a model's weights again where they were before it was trained: a projection onto the sparse models. The model has the
 * layers that the mask was taken of; `UnsuitableModelError` where it has others.
 */
export function applyMask(model: Model, mask: ZeroMask): Model {
  const weights = findSparseWeights(model);
  const fits =
    weights.length === mask.length &&
    weights.every(({ weight }, index) => weight.tensor.dims.join() === mask[index]?.dims.join());
  if (!fits)
    throw new UnsuitableModelError(
      `the mask is of a model with ${mask.length} weights of other sizes, this one has ${weights.length}: take the mask of the model that was trained`,
    );
  const replaced = weights.map(
    ({ weight }, index) => [weight, withZeros(weight, mask[index]?.zeros ?? new Uint8Array())] as const,
  );
  return replaceWeights(model, new Map(replaced)).model;
}
