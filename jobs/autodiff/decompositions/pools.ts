import { operation } from '../../../shared/onnx/build';
import { ints } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { rankOf } from '../../../shared/onnx/shapes';
import type { Decomposition, Decompositions } from './decomposition';

const overSpace = (x: Value): Value =>
  ints(Array.from({ length: (rankOf(x) ?? 2) - 2 }, (_, axis) => axis + 2));

const reduced =
  (op: string): Decomposition =>
  ([x]) => [x && operation(op, [x, overSpace(x)])];

/** Pools over all of space are reductions. */
export const poolDecompositions: Decompositions = {
  GlobalAveragePool: reduced('ReduceMean'),
  GlobalMaxPool: reduced('ReduceMax'),
};
