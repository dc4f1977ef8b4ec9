import type { Tensor, TensorData } from '../../../shared/onnx/ir';
import type { SampleBatch } from '../samples';

const part = (data: TensorData, from: number, to: number): TensorData =>
  'subarray' in data ? data.subarray(from, to) : data.slice(from, to);

function rowsOf({ elementType, dims, data }: Tensor, from: number, to: number): Tensor {
  const [rows = 1, ...rest] = dims;
  const width = data.length / Math.max(1, rows);
  return { elementType, dims: [to - from, ...rest], data: part(data, from * width, to * width) };
}

/** Some of a batch's rows, from `from` to before `to`; the numbers are held by reference. */
export const sliceRows = ({ feeds }: SampleBatch, from: number, to: number): SampleBatch => ({
  rows: to - from,
  feeds: Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, rowsOf(tensor, from, to)])),
});
