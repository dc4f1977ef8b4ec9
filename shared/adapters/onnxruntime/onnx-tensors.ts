import { Tensor as OrtTensor } from 'onnxruntime-node';
import { ModelLoadError, ModelRunError } from '../../errors/model-errors';
import type { ElementType, Tensor } from '../../onnx/ir';

/** Element types that ONNX Runtime's Node binding can hand in and out, by its names for them. */
const elementTypes = {
  float32: 'float',
  float64: 'double',
  float16: 'float16',
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  bool: 'bool',
  string: 'string',
} as const satisfies Partial<Record<OrtTensor.Type, ElementType>>;

type OrtType = keyof typeof elementTypes;
const isOrtType = (type: string): type is OrtType => Object.hasOwn(elementTypes, type);

const ortTypes: ReadonlyMap<ElementType, OrtType> = new Map(
  Object.keys(elementTypes)
    .filter(isOrtType)
    .map((type) => [elementTypes[type], type]),
);

/**
 * Our name for the runtime's element type. `ModelLoadError` for the types that the binding cannot hand out: reading an
 * int4 output would end the whole process.
 */
export function elementTypeOfOrt(type: string, what: string): ElementType {
  if (isOrtType(type)) return elementTypes[type];
  throw new ModelLoadError(
    `${what} is of type ${type}; it has to be one of: ${[...ortTypes.keys()].join(', ')}`,
  );
}

/** The same values as the runtime's tensor; nothing is copied. */
export function toOrtTensor(name: string, { elementType, dims, data }: Tensor): OrtTensor {
  const type = ortTypes.get(elementType);
  if (type === undefined)
    throw new ModelRunError(`input '${name}' is of type ${elementType}, which cannot be fed`);
  try {
    // the constructor proves type, data and dims against each other, which its overloads cannot say
    return Reflect.construct(OrtTensor, [type, data, dims]);
  } catch (error) {
    throw new ModelRunError(
      `input '${name}' is not a ${elementType} tensor of dims [${dims.join(', ')}]`,
      error,
    );
  }
}

/** The runtime's tensor as ours; nothing is copied. Where the engine has Float16Array, its bits come as Uint16Array. */
export function fromOrtTensor(name: string, tensor: OrtTensor): Tensor {
  const elementType = elementTypeOfOrt(tensor.type, `output '${name}'`);
  return { elementType, dims: tensor.dims, data: dataOf(tensor) };
}

function dataOf(tensor: OrtTensor): Tensor['data'] {
  const { data } = tensor;
  if (tensor.type === 'float16' && ArrayBuffer.isView(data)) {
    return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  }
  if (data instanceof Uint8ClampedArray) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return data;
}
