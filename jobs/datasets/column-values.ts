import { UnusableDataError } from '../../shared/errors/job-errors';

/** One number or one text a row: NaN, or '', where it is missing. */
export type ScalarValues = Float32Array | string[];

/** A list of numbers a row: row `i` has `values.subarray(offsets[i], offsets[i + 1])`. */
export interface ListValues {
  readonly kind: 'lists';
  /** Of all rows, one after the other. Whole numbers are exact to 2^24. */
  readonly values: Float32Array;
  /** `[rows + 1]`, from 0. */
  readonly offsets: Uint32Array;
  /** `[rows]`: 1 where a row has no list, which is not the same as an empty one. Absent: no list is missing. */
  readonly missing?: Uint8Array;
}

/** An image a row. */
export interface ImageValues {
  readonly kind: 'images';
  /** `[rows]`: the files as they were uploaded, PNG, JPEG or WebP; no bytes where a row has none. `decodeImages` reads them. */
  readonly encoded: readonly Uint8Array[];
}

/** The values of a column in some rows: columns of type `numbers` are lists, of type `image` images, all others scalars. */
export type ColumnValues = ScalarValues | ListValues | ImageValues;

export const isScalar = (values: ColumnValues): values is ScalarValues =>
  values instanceof Float32Array || Array.isArray(values);

export const isLists = (values: ColumnValues): values is ListValues =>
  !isScalar(values) && values.kind === 'lists';

export const isImages = (values: ColumnValues): values is ImageValues =>
  !isScalar(values) && values.kind === 'images';

/** The values of a column that must have one a row, such as a target. */
export function scalarsOf(values: ColumnValues): ScalarValues {
  if (isScalar(values)) return values;
  throw new UnusableDataError(
    `a column of ${values.kind} was given where each row needs one number or one text; choose another column`,
  );
}
