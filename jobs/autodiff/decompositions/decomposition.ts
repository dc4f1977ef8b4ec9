import type { OperationValue, Value } from '../../../shared/onnx/ir';

/**
 * The outputs of an operator, computed by others from the same inputs: its gradients are theirs.
 * Undefined for outputs that have no gradient; `MissingGradientError` for forms that nobody has written down.
 */
export type Decomposition = (
  inputs: readonly (Value | undefined)[],
  node: OperationValue,
) => readonly (Value | undefined)[];

export type Decompositions = Readonly<Record<string, Decomposition>>;
