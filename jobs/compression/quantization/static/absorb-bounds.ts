import { constant, operation, scalar } from '../../../../shared/onnx/build';
import type { ConstantValue, OperationValue, Value } from '../../../../shared/onnx/ir';
import { boundsOf, roleOf } from './operator-roles';
import { type Grid, gridOf, isDequantize, quantize, sameGrid } from './pairs';
import { reachOf, wholeOf } from './to-grid';

/**
 * A QuantizeLinear behind a Relu or Clip that nothing else reads: the same bounds on the integers, or none where the range
 * of the integers is as narrow. Undefined where it is none. `quantizeNode` stands over `rebuilt` inputs.
 */
export function withBoundsOnIntegers(
  given: OperationValue,
  rebuilt: OperationValue,
  isReadOnce: (value: Value) => boolean,
): Value | undefined {
  const [was] = given.inputs;
  const [bounding] = rebuilt.inputs;
  const grid = gridOf(rebuilt);
  if (was === undefined || bounding?.kind !== 'operation' || roleOf(bounding) !== 'bounds') return undefined;
  const [bounded] = bounding.inputs;
  if (grid === undefined || grid.axis !== undefined || bounded === undefined || !isReadOnce(was))
    return undefined;
  return bound(onIntegers(bounded, grid), bounding, grid);
}

/** Numbers as integers; those that come of integers on the same grid need no other. */
function onIntegers(value: Value, grid: Grid): Value {
  const known = isDequantize(value) ? gridOf(value) : undefined;
  const [integers] = isDequantize(value) ? value.inputs : [];
  return known && integers && sameGrid(known, grid) ? integers : quantize(value, grid);
}

function bound(integers: Value, bounding: OperationValue, grid: Grid): Value {
  const [least, most] = reachOf(grid);
  const [low, high] = boundsOf(bounding).map((limit) => wholeOf(limit, grid));
  const limit = (value: number | undefined, matters: boolean): ConstantValue | undefined =>
    value === undefined || !matters
      ? undefined
      : constant(scalar(Math.min(most, Math.max(least, value)), grid.zeroPoint.tensor.elementType));
  const lower = limit(low, low !== undefined && low > least);
  const upper = limit(high, high !== undefined && high < most);
  if (lower === undefined && upper === undefined) return integers;
  return operation('Clip', upper === undefined ? [integers, lower] : [integers, lower, upper]);
}
