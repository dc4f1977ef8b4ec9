import { describeValue } from './describe-value';

/** More than the largest body can carry: sizes come from the caller, so no tensor is allocated beyond it. */
export const maximumElements = 2 ** 22;

/** Indices into nested arrays: `[]` is the whole. Valid during the call only: the walk goes on with the same array. */
export type Place = readonly number[];

export interface NestedVisitor {
  /** Each scalar, in row-major order; false stops the walk. */
  scalar: (value: unknown, index: number, place: Place) => boolean;
  /** What should be an array of the shape's length here is not. */
  misfit: (detail: string, place: Place) => void;
}

/** Walks nested arrays of exactly this shape; false where it stopped early or the shape was another. */
export function walkNested(data: unknown, shape: readonly number[], visitor: NestedVisitor): boolean {
  const place: number[] = [];
  let index = 0;
  const visit = (value: unknown): boolean => {
    const size = shape[place.length];
    if (size === undefined) return visitor.scalar(value, index++, place);
    if (!Array.isArray(value) || value.length !== size) {
      visitor.misfit(`must be an array of ${size}, got ${describeValue(value)}`, place);
      return false;
    }
    return visitEach(value);
  };
  const visitEach = (items: readonly unknown[]): boolean => {
    const depth = place.length;
    for (let at = 0; at < items.length; at++) {
      place[depth] = at;
      if (!visit(items[at])) return false;
      place.length = depth + 1;
    }
    place.length = depth;
    return true;
  };
  return visit(data);
}

/** The lengths of nested arrays, as their first elements have them; `rank` of them at most. */
export function shapeOfNested(data: unknown, rank: number): number[] {
  const shape: number[] = [];
  let level: unknown = data;
  while (shape.length < rank && Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}

/** The row-major values from `start` on as nested arrays of this shape; a scalar stays bare. */
export function nest<T>(values: readonly T[], shape: readonly number[], start = 0): unknown {
  const [size, ...rest] = shape;
  if (size === undefined) return values[start];
  if (rest.length === 0) return values.slice(start, start + size);
  const stride = rest.reduce((product, length) => product * length, 1);
  return Array.from({ length: size }, (_, at) => nest(values, rest, start + at * stride));
}
