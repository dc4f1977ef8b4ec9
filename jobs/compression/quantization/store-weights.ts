import { constant, floats, scalar, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue } from '../../../shared/onnx/ir';
import { type QuantizedTensor, quantizeTensor, type TensorForm } from './quantize-tensor';

/** How a weight is quantized: as if it had these dims. */
export interface StoredForm extends TensorForm {
  readonly dims: readonly number[];
}

/** A weight as whole numbers, one a byte. */
export interface StoredWeight {
  /** In the weight's own shape. */
  readonly values: ConstantValue;
  /** In a shape of as many elements as there are groups, times a factor. */
  readonly scales: (dims: readonly number[], factor?: number) => ConstantValue;
  /** Of the type of the values. */
  readonly zeroPoints: (dims: readonly number[]) => ConstantValue;
  /** The zero point of all groups, as the symmetric forms have it. */
  readonly zeroPoint: () => ConstantValue;
}

/** Equal for forms that store the same numbers. */
export const encodingOf = (form: StoredForm): string => JSON.stringify(form);

export function storedBytes({ dims, axis, symmetric }: StoredForm): number {
  const groups = axis === undefined ? 1 : (dims[axis] ?? 1);
  return elementCount(dims) + groups * 4 + (symmetric ? 0 : groups);
}

/** What a weight's constants are called, after the weight itself. */
export const nameAfter = ({ name }: ConstantValue, suffix: string): string | undefined =>
  name === undefined ? undefined : `${name}.${suffix}`;

/** The numbers of a float weight. */
export const numbersOf = ({ tensor: { data } }: ConstantValue): Float32Array =>
  data instanceof Float32Array ? data : new Float32Array(0);

/** Stores each weight once for each form, however many layers ask. */
export function storeWeights(): (weight: ConstantValue, form: StoredForm) => StoredWeight {
  const known = new Map<ConstantValue, Map<string, StoredWeight>>();
  return (weight, form) => {
    const forms = known.get(weight) ?? new Map<string, StoredWeight>();
    known.set(weight, forms);
    const stored = forms.get(encodingOf(form)) ?? store(weight, form);
    forms.set(encodingOf(form), stored);
    return stored;
  };
}

function store(weight: ConstantValue, form: StoredForm): StoredWeight {
  const quantized: QuantizedTensor = quantizeTensor(numbersOf(weight), form.dims, form);
  const elementType = form.signed ? 'int8' : 'uint8';
  return {
    values: constant(
      tensor(elementType, weight.tensor.dims, quantized.values),
      nameAfter(weight, elementType),
    ),
    scales: (dims, factor = 1) =>
      constant(
        floats(dims, factor === 1 ? quantized.scales : quantized.scales.map((scale) => scale * factor)),
        nameAfter(weight, 'scale'),
      ),
    zeroPoints: (dims) =>
      constant(tensor(elementType, dims, quantized.zeroPoints), nameAfter(weight, 'zero_point')),
    zeroPoint: () => constant(scalar(quantized.zeroPoints[0] ?? 0, elementType)),
  };
}
