import { attribute } from '../../shared/onnx/attributes';
import { constant, int64s, operation, scalar } from '../../shared/onnx/build';
import type { Value } from '../../shared/onnx/ir';

/** A float32 constant of rank 0. */
export const number = (value: number): Value => constant(scalar(value));

/** The sum of all elements, or along one axis, which goes away. */
export const sumOf = (value: Value, axis?: number): Value =>
  operation('ReduceSum', axis === undefined ? [value] : [value, constant(int64s([axis]))], {
    keepdims: attribute.int(0),
  });

/** The rows of a table at these indices. */
export const takeRows = (table: Value, indices: Value): Value =>
  operation('Gather', [table, indices], { axis: attribute.int(0) });

/** `[n]` as `[n, 1]`. */
export const asColumn = (value: Value): Value => operation('Unsqueeze', [value, constant(int64s([1]))]);

/** `[n, 1]` as `[n]`. */
export const withoutColumn = (value: Value): Value => operation('Squeeze', [value, constant(int64s([1]))]);

/** Values side by side along the last of two axes. */
export const beside = (values: readonly Value[]): Value =>
  operation('Concat', values, { axis: attribute.int(1) });
