import { constant } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { fromBfloat16, fromFloat16 } from '../../../shared/onnx/half';
import type { ConstantValue, ElementType, Tensor, Value } from '../../../shared/onnx/ir';

const decoders: Partial<Record<ElementType, (stored: number) => number>> = {
  float16: fromFloat16,
  bfloat16: fromBfloat16,
};

const unread: ReadonlySet<ElementType> = new Set(['string', 'complex64', 'complex128']);

const isPlain = ({ elementType, dims, data }: Tensor): boolean =>
  !unread.has(elementType) && !elementType.startsWith('float8') && data.length === elementCount(dims);

/** True of a constant that has elements, all of which stand for this number, in any type that is not packed. */
export function isFilledWith(value: Value | undefined, number: number): boolean {
  if (value?.kind !== 'constant' || !isPlain(value.tensor)) return false;
  const { data, elementType } = value.tensor;
  const decode = decoders[elementType] ?? Number;
  for (const stored of data) if (decode(Number(stored)) !== number) return false;
  return data.length > 0;
}

/** The elements of a constant of floats or doubles. */
export function numbersOf(value: Value | undefined): Float32Array | Float64Array | undefined {
  if (value?.kind !== 'constant') return undefined;
  const { data } = value.tensor;
  const isComplex = unread.has(value.tensor.elementType);
  return !isComplex && (data instanceof Float32Array || data instanceof Float64Array) ? data : undefined;
}

/** A constant of floats or doubles as another is, with these elements. */
export function constantLike(
  like: ConstantValue,
  dims: readonly number[],
  numbers: readonly number[] | Float64Array,
): ConstantValue {
  const { elementType } = like.tensor;
  const data = elementType === 'double' ? new Float64Array(numbers) : new Float32Array(numbers);
  return constant({ elementType, dims, data }, like.name);
}
