import { fromBfloat16, fromFloat16 } from '../../../shared/onnx/half';
import type { ConstantValue } from '../../../shared/onnx/ir';

const halves = new Map([
  ['float16', fromFloat16],
  ['bfloat16', fromBfloat16],
]);

/** The elements of a weight as numbers; undefined where it holds none, or whole numbers that stand for others. */
export function weightNumbers({ tensor }: ConstantValue): Float32Array | Float64Array | undefined {
  const { elementType, data } = tensor;
  const decode = halves.get(elementType);
  if (decode !== undefined && data instanceof Uint16Array) return Float32Array.from(data, decode);
  const isReal = elementType === 'float' || elementType === 'double';
  return isReal && (data instanceof Float32Array || data instanceof Float64Array) ? data : undefined;
}
