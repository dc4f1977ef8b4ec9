import { operation } from '../../../shared/onnx/build';
import { multiply, subtract } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { withoutColumn } from '../graph-math';
import { rowOfFloats } from '../row-type';
import type { Loss } from './loss';

/** How far outputs `[batch, 1]` are above targets `[batch]`. */
const difference = (outputs: Value, targets: Value): Value => subtract(withoutColumn(outputs), targets);

function squaredDifference(outputs: Value, targets: Value): Value {
  const error = difference(outputs, targets);
  return multiply(error, error);
}

/** A loss of numbers that is a function of their differences alone. */
export const lossOfDifference = (perRow: (difference: Value) => Value): Loss => ({
  targets: rowOfFloats(),
  perRow: (outputs, targets) => perRow(difference(outputs, targets)),
  score: squaredDifference,
});

export const magnitude = (value: Value): Value => operation('Abs', [value]);
