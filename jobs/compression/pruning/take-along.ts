import { elementCount, elementFormats } from '../../../shared/onnx/element-types';
import type { Tensor } from '../../../shared/onnx/ir';

/** The entries at some indices along an axis, in their order. Elements have to be whole bytes. */
export function takeAlong(
  { elementType, dims, data }: Tensor,
  axis: number,
  indices: readonly number[],
): Tensor {
  const { storage } = elementFormats[elementType];
  if (storage === undefined || !ArrayBuffer.isView(data)) return { elementType, dims, data };
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const stretch = elementCount(dims.slice(axis + 1)) * storage.BYTES_PER_ELEMENT;
  const rows = elementCount(dims.slice(0, axis));
  const size = dims[axis] ?? 1;
  const taken = new Uint8Array(rows * indices.length * stretch);
  for (let row = 0; row < rows; row++) {
    for (const [place, index] of indices.entries()) {
      const from = (row * size + index) * stretch;
      taken.set(bytes.subarray(from, from + stretch), (row * indices.length + place) * stretch);
    }
  }
  return {
    elementType,
    dims: dims.with(axis, indices.length),
    data: Reflect.construct(storage, [taken.buffer]),
  };
}
