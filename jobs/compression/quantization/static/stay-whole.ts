import { constant, operation, scalar } from '../../../../shared/onnx/build';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import { boundsOf, roleOf } from './operator-roles';
import { type Grid, gridOf, isDequantize, quantize, sameGrid } from './pairs';
import { reachOf, wholeOf } from './to-grid';
import { affineOf, gridOfLine } from './whole-inputs';

/** Integers that are there already, or that an operator on integers gives, in place of a QuantizeLinear. */
type Rule = (numbers: OperationValue, grid: Grid) => Value | undefined;

/** A Relu or Clip: the same bounds on the integers, or none where the integers reach no farther. */
const bounded: Rule = (numbers, grid) => {
  const [input] = numbers.inputs;
  return input !== undefined && roleOf(numbers) === 'bounds'
    ? withBounds(onIntegers(input, grid), numbers, grid)
    : undefined;
};

/** Pixels that were made floats, in steps of one pixel. */
const given: Rule = (numbers, grid) => {
  const line = affineOf(numbers);
  const steps = line && gridOfLine(line);
  return steps !== undefined && sameGrid(steps, grid) ? line?.whole : undefined;
};

/**
 * What a QuantizeLinear over `rebuilt` inputs gives, without floats in between; undefined where there is no such way. Nothing
 * else may read its numbers: they would be computed twice.
 */
export function wholeNumbersOf(
  quantized: OperationValue,
  rebuilt: OperationValue,
  isReadOnce: (value: Value) => boolean,
): Value | undefined {
  const [was] = quantized.inputs;
  const [numbers] = rebuilt.inputs;
  const grid = gridOf(rebuilt);
  if (was === undefined || numbers?.kind !== 'operation' || grid === undefined) return undefined;
  if (grid.axis !== undefined || !isReadOnce(was)) return undefined;
  return bounded(numbers, grid) ?? given(numbers, grid);
}

/** Numbers as integers; those that come of integers on the same grid need no other. */
function onIntegers(value: Value, grid: Grid): Value {
  const known = isDequantize(value) ? gridOf(value) : undefined;
  const [integers] = isDequantize(value) ? value.inputs : [];
  return known && integers && sameGrid(known, grid) ? integers : quantize(value, grid);
}

function withBounds(integers: Value, bounding: OperationValue, grid: Grid): Value {
  const [least, most] = reachOf(grid);
  const [low = least, high = most] = boundsOf(bounding).map((limit) =>
    Math.min(most, Math.max(least, wholeOf(limit, grid))),
  );
  if (low === least && high === most) return integers;
  const limits = [low, high].map((limit) => constant(scalar(limit, grid.zeroPoint.tensor.elementType)));
  return operation('Clip', [integers, ...limits]);
}
