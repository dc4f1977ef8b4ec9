import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { printType } from '../../../shared/onnx/shapes';

/** Operators that compute with rounded numbers, through which nothing is learned. */
const quantised = new Set([
  'DynamicQuantizeLinear',
  'MatMulInteger',
  'ConvInteger',
  'QLinearConv',
  'QLinearMatMul',
  'QLinearAdd',
  'QLinearMul',
  'QGemm',
  'DynamicQuantizeMatMul',
  'MatMulIntegerToFloat',
  'MatMulNBits',
]);

/** Whole numbers that are computed with: rounding to them and straight back is learned through. */
const isRounded = ({ op, inputs }: OperationValue): boolean =>
  quantised.has(op) ||
  (op !== 'DequantizeLinear' &&
    inputs.some((each) => each?.kind === 'operation' && each.op === 'QuantizeLinear'));

/** `UnsuitableModelError` at the first of these values that is computed with rounded numbers. */
export function refuseQuantised(values: Iterable<Value>): void {
  for (const value of values) {
    if (value.kind !== 'operation' || !isRounded(value)) continue;
    const inputs = value.inputs.map((each) => (each === undefined ? '_' : printType(each.type))).join(', ');
    throw new UnsuitableModelError(
      `the model is quantised: ${value.op}(${inputs}) rounds, and nothing is learned through it; fine-tune the model that it was made from, and compress the result`,
    );
  }
}
