import { InvalidModelError } from '../errors/graph-errors';
import { elementCount, elementFormats } from './element-types';
import type { Tensor } from './ir';
import { bytesOf, checkedDims, tensorOfBytes } from './tensor-bytes';

/** Values, and where they stand in a tensor of these sizes. */
export interface SparseTensor {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly dims: readonly bigint[];
}

/** Which element the value at `at` is: indices are positions in all, [count], or one per axis, [count, rank]. */
function placeOf(indices: Tensor, at: number, dims: readonly number[]): number {
  if (indices.dims.length !== 2) return Number(indices.data[at]);
  return dims.reduce((place, size, axis) => {
    const index = Number(indices.data[at * dims.length + axis]);
    return index >= 0 && index < size ? place * size + index : Number.NaN;
  }, 0);
}

/** A sparse tensor as a dense one, zeros between its values. `InvalidModelError` where it says nonsense, or takes too much. */
export function denseTensor({ values, indices, dims: wireDims }: SparseTensor, mostBytes: number): Tensor {
  const dims = checkedDims(wireDims);
  const count = elementCount(dims);
  const width = elementFormats[values.elementType].bits / 8;
  if (width < 1 || count * width > mostBytes) {
    throw new InvalidModelError(
      `a sparse tensor ${values.elementType}[${dims.join(', ')}] would take more than ${mostBytes} bytes: store it dense`,
    );
  }
  const given = bytesOf(values);
  const bytes = new Uint8Array(count * width);
  for (let at = 0; at < elementCount(values.dims); at++) {
    const place = placeOf(indices, at, dims);
    if (!(place >= 0 && place < count)) {
      throw new InvalidModelError(`a sparse tensor has a value outside its sizes [${dims.join(', ')}]`);
    }
    bytes.set(given.subarray(at * width, (at + 1) * width), place * width);
  }
  return tensorOfBytes(values.elementType, dims, bytes);
}
