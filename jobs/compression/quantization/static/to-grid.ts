import { constant, tensor } from '../../../../shared/onnx/build';
import type { ConstantValue, Tensor } from '../../../../shared/onnx/ir';
import type { Grid } from './pairs';

/** The least and the largest integer to be used. */
export type Reach = readonly [low: number, high: number];

/** Of the grid's element type. */
export const reachOf = ({ zeroPoint }: Grid): Reach =>
  zeroPoint.tensor.elementType === 'uint8' ? [0, 255] : [-128, 127];

/** A tensor's numbers, whatever they are held in. */
export const numbersOf = ({ data }: Tensor): readonly number[] => Array.from<unknown, number>(data, Number);

/** To the nearest integer, and to the even one of two: as QuantizeLinear does. */
function roundHalfToEven(value: number): number {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** One number as an integer on the grid's first steps. */
export function wholeOf(value: number, { scale, zeroPoint }: Grid, group = 0): number {
  const steps = Math.fround(value / Number(scale.tensor.data[group] ?? 1));
  return roundHalfToEven(steps) + Number(zeroPoint.tensor.data[group] ?? 0);
}

/** For each element of a row-major tensor the index of its axis. */
function groupsOf(dims: readonly number[], axis: number | undefined): (at: number) => number {
  if (axis === undefined) return () => 0;
  const size = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, each) => product * each, 1);
  return (at) => Math.floor(at / inner) % size;
}

/** Weights as the integers that QuantizeLinear would give, within a reach. */
export function storedOnGrid(
  { tensor: floats, name }: ConstantValue,
  grid: Grid,
  reach: Reach,
): ConstantValue {
  const [low, high] = reach;
  const { elementType } = grid.zeroPoint.tensor;
  const group = groupsOf(floats.dims, grid.axis);
  const whole = new (elementType === 'uint8' ? Uint8Array : Int8Array)(floats.data.length);
  // Millions of weights: numbers go from one typed array to the other.
  for (let at = 0; at < whole.length; at++)
    whole[at] = Math.min(high, Math.max(low, wholeOf(Number(floats.data[at]), grid, group(at))));
  const stored: Tensor = tensor(elementType, floats.dims, whole);
  return constant(stored, name === undefined ? undefined : `${name}.${elementType}`);
}
