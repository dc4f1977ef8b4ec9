import { InvalidModelError } from '../errors/graph-errors';
import { elementCount, elementFormats, elementTypeOfCode, storageLength } from './element-types';
import type { ElementType, Tensor, TensorData } from './ir';

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let at = 0; at + width <= copy.length; at += width) copy.subarray(at, at + width).reverse();
  return copy;
}

/** `InvalidModelError` where the sizes are none, or their product is not what the data holds. */
export function checkedDims(dims: readonly bigint[]): readonly number[] {
  const sizes = dims.map(Number);
  const valid = sizes.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!valid || !Number.isSafeInteger(elementCount(sizes))) {
    throw new InvalidModelError(`a tensor has impossible sizes [${dims.join(', ')}]`);
  }
  return sizes;
}

/** A tensor over raw little-endian bytes: in place where they are aligned, else copied. */
export function tensorOfBytes(elementType: ElementType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const { storage } = elementFormats[elementType];
  const length = storageLength(elementType, elementCount(dims));
  if (storage === undefined) throw new InvalidModelError('strings cannot be given as raw bytes');
  const width = storage.BYTES_PER_ELEMENT;
  if (bytes.length !== length * width) {
    throw new InvalidModelError(
      `a tensor ${elementType}[${dims.join(', ')}] needs ${length * width} bytes, the model gives ${bytes.length}`,
    );
  }
  const ordered = littleEndian || width === 1 ? bytes : swapped(bytes, width);
  const aligned = ordered.byteOffset % width === 0 ? ordered : ordered.slice();
  const data: TensorData = Reflect.construct(storage, [aligned.buffer, aligned.byteOffset, length]);
  return { elementType, dims, data };
}

/** A tensor over the wire's own lists of numbers or strings. */
function tensorOfList(
  elementType: ElementType,
  dims: readonly number[],
  list: readonly (number | bigint | string)[],
): Tensor {
  const { storage } = elementFormats[elementType];
  const length = storageLength(elementType, elementCount(dims));
  if (list.length !== length) {
    throw new InvalidModelError(
      `a tensor ${elementType}[${dims.join(', ')}] needs ${length} values, the model gives ${list.length}`,
    );
  }
  if (storage === undefined) return { elementType, dims, data: list.map(String) };
  const wide = storage === BigInt64Array || storage === BigUint64Array;
  const data: TensorData = Reflect.construct(storage, [wide ? list : list.map(Number)]);
  return { elementType, dims, data };
}

/** The raw little-endian bytes of a tensor that holds no strings. Shares memory with it where it can. */
export function bytesOf({ elementType, data }: Tensor): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(0);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const width = elementFormats[elementType].storage?.BYTES_PER_ELEMENT ?? 1;
  return littleEndian ? bytes : swapped(bytes, width);
}

/** Where a tensor's bytes are that lie outside the model's file. */
export interface ExternalData {
  /** A relative path without `..`. */
  readonly location: string;
  readonly offset: number;
  /** Undefined: to the end. */
  readonly length: number | undefined;
}

/** A TensorProto's fields, as the codec gives them. */
export interface WireTensor {
  readonly name: string;
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
  readonly floatData: readonly number[];
  readonly doubleData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly bigint[];
  readonly uint64Data: readonly bigint[];
  readonly stringData: readonly Uint8Array[];
  /** 1: the bytes are in another file. */
  readonly dataLocation: number;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
}

type WireList = 'floatData' | 'doubleData' | 'int32Data' | 'int64Data' | 'uint64Data';

/** The field that holds an element type when it is not raw; int32_data serves all that are not here. */
const wireLists: Partial<Record<ElementType, WireList>> = {
  float: 'floatData',
  complex64: 'floatData',
  double: 'doubleData',
  complex128: 'doubleData',
  int64: 'int64Data',
  uint32: 'uint64Data',
  uint64: 'uint64Data',
};

function externalPlace(wire: WireTensor): ExternalData {
  const fields = new Map(wire.externalData.map(({ key, value }) => [key, value]));
  const location = fields.get('location') ?? '';
  const escapes =
    location === '' || /^([/\\]|[A-Za-z]:)/.test(location) || location.split(/[/\\]/).includes('..');
  if (escapes)
    throw new InvalidModelError(`the tensor '${wire.name}' lies at '${location}': give a relative path`);
  const length = fields.get('length');
  return {
    location,
    offset: Number(fields.get('offset') ?? 0),
    length: length === undefined ? length : Number(length),
  };
}

const decoder = new TextDecoder();

/** The tensor that a TensorProto describes. `InvalidModelError` where its fields do not fit each other. */
export function tensorOfWire(
  wire: WireTensor,
  externalData: ((where: ExternalData) => Uint8Array) | undefined,
): Tensor {
  const elementType = elementTypeOfCode(wire.dataType);
  if (elementType === undefined) {
    throw new InvalidModelError(
      `the tensor '${wire.name}' has the element type ${wire.dataType}, which is unknown`,
    );
  }
  const dims = checkedDims(wire.dims);
  if (wire.dataLocation === 1) {
    if (externalData === undefined) {
      throw new InvalidModelError(
        `the tensor '${wire.name}' lies in another file: give one file with all weights in it`,
      );
    }
    return tensorOfBytes(elementType, dims, externalData(externalPlace(wire)));
  }
  if (elementType === 'string')
    return tensorOfList(
      elementType,
      dims,
      wire.stringData.map((text) => decoder.decode(text)),
    );
  if (wire.rawData.length > 0) return tensorOfBytes(elementType, dims, wire.rawData);
  return tensorOfList(elementType, dims, wire[wireLists[elementType] ?? 'int32Data']);
}
