import type { ElementType, TensorData } from './ir';

type Storage =
  | typeof Float32Array
  | typeof Float64Array
  | typeof Int8Array
  | typeof Int16Array
  | typeof Int32Array
  | typeof BigInt64Array
  | typeof Uint8Array
  | typeof Uint16Array
  | typeof Uint32Array
  | typeof BigUint64Array;

interface ElementFormat {
  /** TensorProto.DataType. */
  readonly code: number;
  /** Bits of one element; below 8, elements are packed into bytes, the first one lowest. */
  readonly bits: number;
  /** The typed array that holds it; undefined for strings. */
  readonly storage: Storage | undefined;
}

const format = (code: number, bits: number, storage: Storage | undefined): ElementFormat => ({
  code,
  bits,
  storage,
});

/** How each element type is numbered, sized and held (onnx.proto3, TensorProto). Complex numbers are pairs of floats. */
export const elementFormats: Readonly<Record<ElementType, ElementFormat>> = {
  float: format(1, 32, Float32Array),
  uint8: format(2, 8, Uint8Array),
  int8: format(3, 8, Int8Array),
  uint16: format(4, 16, Uint16Array),
  int16: format(5, 16, Int16Array),
  int32: format(6, 32, Int32Array),
  int64: format(7, 64, BigInt64Array),
  string: format(8, 0, undefined),
  bool: format(9, 8, Uint8Array),
  float16: format(10, 16, Uint16Array),
  double: format(11, 64, Float64Array),
  uint32: format(12, 32, Uint32Array),
  uint64: format(13, 64, BigUint64Array),
  complex64: format(14, 64, Float32Array),
  complex128: format(15, 128, Float64Array),
  bfloat16: format(16, 16, Uint16Array),
  float8e4m3fn: format(17, 8, Uint8Array),
  float8e4m3fnuz: format(18, 8, Uint8Array),
  float8e5m2: format(19, 8, Uint8Array),
  float8e5m2fnuz: format(20, 8, Uint8Array),
  uint4: format(21, 4, Uint8Array),
  int4: format(22, 4, Uint8Array),
  float4e2m1: format(23, 4, Uint8Array),
  float8e8m0: format(24, 8, Uint8Array),
  uint2: format(25, 2, Uint8Array),
  int2: format(26, 2, Uint8Array),
};

const isElementType = (name: string): name is ElementType => Object.hasOwn(elementFormats, name);

const byCode = new Map<number, ElementType>(
  Object.keys(elementFormats)
    .filter(isElementType)
    .map((name) => [elementFormats[name].code, name]),
);

/** The element type of a TensorProto.DataType number, or undefined where there is none. */
export const elementTypeOfCode = (code: number): ElementType | undefined => byCode.get(code);

/** Product of the sizes: how many elements a tensor of these dims has. */
export const elementCount = (dims: readonly number[]): number =>
  dims.reduce((count, size) => count * size, 1);

/** Length of `TensorData` for so many elements: packed types share bytes, complex ones take two floats. */
export function storageLength(elementType: ElementType, count: number): number {
  const { bits, storage } = elementFormats[elementType];
  if (storage === undefined) return count;
  return Math.ceil((count * bits) / 8 / storage.BYTES_PER_ELEMENT);
}

/** True where the data is of the kind that holds this element type. */
export function isStoredAs(elementType: ElementType, data: TensorData): boolean {
  const { storage } = elementFormats[elementType];
  return storage === undefined ? Array.isArray(data) : data instanceof storage;
}

const floatTypes: ReadonlySet<ElementType> = new Set(['float', 'double', 'float16', 'bfloat16']);

/** Element types that gradients are taken in. */
export const isFloatType = (elementType: ElementType): boolean => floatTypes.has(elementType);
