import type { Value } from '../../../shared/onnx/ir';

/** From where to where an activation goes. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Ranges of the values of one model's graph. */
export type Ranges = ReadonlyMap<Value, Range>;

/** The least range that holds all of these; undefined of none. */
export const hullOf = (ranges: readonly Range[]): Range | undefined =>
  ranges.length === 0
    ? undefined
    : {
        min: Math.min(...ranges.map(({ min }) => min)),
        max: Math.max(...ranges.map(({ max }) => max)),
      };
