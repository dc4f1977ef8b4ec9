import { operation } from '../../../shared/onnx/build';
import { transpose } from '../../../shared/onnx/expressions';
import type { ConstantValue, OperationValue, Value } from '../../../shared/onnx/ir';
import type { WeightedLayer } from './weighted-layers';

/** The same node over weights that are decoded before it; the runtime folds that when it loads the model. */
export function readDecoded(
  { op, domain, inputs, attributes, types }: OperationValue,
  { weights }: WeightedLayer,
  decode: (weight: ConstantValue) => Value,
): OperationValue {
  const decoded = weights.reduce((given, { input, constant, turned }) => {
    const value = decode(constant);
    return given.with(input, turned ? transpose(value) : value);
  }, inputs);
  return operation(op, decoded, attributes, { domain, outputs: types.length, types });
}
