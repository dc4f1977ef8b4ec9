import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import type { Value } from '../../../shared/onnx/ir';
import { printType } from '../../../shared/onnx/shapes';

/** Operators that compute with rounded numbers, through which nothing is learned. */
const quantised = new Set([
  'QuantizeLinear',
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

/** `UnsuitableModelError` at the first of these values that is computed with rounded numbers. */
export function refuseQuantised(values: Iterable<Value>): void {
  for (const value of values) {
    if (value.kind !== 'operation' || !quantised.has(value.op)) continue;
    const inputs = value.inputs.map((each) => (each === undefined ? '_' : printType(each.type))).join(', ');
    throw new UnsuitableModelError(
      `the model is quantised: ${value.op}(${inputs}) rounds, and nothing is learned through it; fine-tune the model that it was made from, and compress the result`,
    );
  }
}
