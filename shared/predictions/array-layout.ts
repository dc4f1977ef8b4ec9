import { describeValue } from './describe-value';
import { shapeOfNested } from './nested-data';

/** What a field's arrays look like. */
export interface ArrayField {
  /** Of one instance, without open sizes. */
  readonly shape: readonly number[];
  /** Fills up lists that are shorter than the first axis; longer ones are cut. Absent: neither. */
  readonly padding?: number | undefined;
}

/** How a caller's arrays are to be walked, or what is wrong with them as a whole. */
export type ArrayLayout =
  | { readonly value: unknown; readonly layout: readonly number[] }
  | { readonly wrong: string };

export const sizesOf = (shape: readonly number[]): string =>
  `[${shape.map((size) => (size === -1 ? 'any' : size)).join(', ')}]`;

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const isFlat = (value: unknown, shape: readonly number[]): value is readonly unknown[] =>
  shape.length > 1 && Array.isArray(value) && value.length > 0 && !Array.isArray(value[0]);

function given(value: unknown, rank: number): string {
  const nested = shapeOfNested(value, rank);
  return nested.length > 1 ? sizesOf(nested) : describeValue(value);
}

/**
 * Arrays nested as the shape says, or one list of all their values, row by row, as a data set has them. With a padding the
 * first axis may be shorter; where it is longer, its end is left out.
 */
export function arrayLayout(value: unknown, { shape, padding }: ArrayField): ArrayLayout {
  const flat = isFlat(value, shape);
  const whole = flat ? [countOf(shape)] : shape;
  const step = flat ? countOf(shape.slice(1)) : 1;
  const [longest = 0, ...rest] = whole;
  const length = Array.isArray(value) ? value.length : longest;
  if (padding !== undefined && length % step === 0) {
    const kept = Math.min(length, longest);
    const read = Array.isArray(value) && kept < length ? value.slice(0, kept) : value;
    return { value: read, layout: [kept, ...rest] };
  }
  if (length === longest || (whole.length === 1 && !flat)) return { value, layout: whole };
  const most = padding === undefined ? '' : ' at most';
  return {
    wrong: `must be nested arrays of shape ${sizesOf(shape)}${most}, or one list of their ${countOf(shape)} values${most}, got ${given(value, shape.length)}`,
  };
}
