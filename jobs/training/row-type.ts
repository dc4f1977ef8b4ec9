import { UnusableDataError } from '../../shared/errors/job-errors';
import { tensor } from '../../shared/onnx/build';
import { elementCount, elementFormats } from '../../shared/onnx/element-types';
import type { ElementType, Tensor, TensorData } from '../../shared/onnx/ir';

/** What one row is to a graph: its element type, and its dims behind the axis of rows. */
export interface RowType {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
}

/** Rows as training holds them, with what must be known of their numbers to change them at random. */
export interface StoredRows extends RowType {
  /**
   * Standard deviations of the numbers over the training rows: one for all, or one for each place of the last axis, 0 where a
   * number is no measurement, as of one-hot features. 1 where absent, for rows that are normalised already.
   */
  readonly deviations?: number | readonly number[] | 'unknown';
  /** They have token ids among their numbers, of whatever element type. */
  readonly tokenIds?: boolean;
  /** They are sequences that end at different places. */
  readonly padded?: boolean;
}

export const rowOfFloats = (...dims: number[]): RowType => ({ elementType: 'float', dims });

/** How many numbers a row has. */
export const rowLength = ({ dims }: RowType): number => elementCount(dims);

export const rowBytes = (type: RowType): number =>
  rowLength(type) * (elementFormats[type.elementType].storage?.BYTES_PER_ELEMENT ?? 0);

type TypedData = Exclude<TensorData, readonly string[]>;

function typedData({ data }: Tensor): TypedData {
  if (ArrayBuffer.isView(data)) return data;
  throw new UnusableDataError('a network reads numbers, and was given texts');
}

/** Room for this many rows, all zero; to be filled. */
export function zeroRows(type: RowType, rows: number): Tensor {
  const data = new (elementFormats[type.elementType].storage ?? Float32Array)(rows * rowLength(type));
  return tensor(type.elementType, [rows, ...type.dims], data);
}

/** Copies the rows of `from` to where row `at` of `to` begins. Both are of one element type. */
export function placeRows(from: Tensor, to: Tensor, at: number): void {
  const target = typedData(to);
  const length = to.dims.slice(1).reduce((product, size) => product * size, 1);
  Reflect.apply(target.set, target, [typedData(from), at * length]);
}
