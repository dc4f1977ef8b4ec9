import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue } from '../../../shared/onnx/ir';

import type { ChannelGroup, WeightAxis } from './channel-groups';
import type { Role } from './channel-trace';
import type { Importance } from './importance';
import { weightNumbers } from './weight-numbers';

/** What a weight counts for: its size, or the square of it, of which the root is taken at last. */
const norms = {
  l1: { of: Math.abs, whole: (sum: number) => sum },
  l2: { of: (weight: number) => weight * weight, whole: Math.sqrt },
} as const;

export type Norm = keyof typeof norms;

/** Sums over the weights of each channel of a group. */
function sumByChannel(
  { weight, axis, channels }: Pick<WeightAxis, 'weight' | 'axis' | 'channels'>,
  values: ArrayLike<number>,
  size: number,
): Float64Array {
  const { dims } = weight.tensor;
  const inner = elementCount(dims.slice(axis + 1));
  const sums = new Float64Array(size);
  for (let at = 0; at < values.length; at++) {
    const channel = channels[Math.floor(at / inner) % channels.length] ?? -1;
    if (channel >= 0) sums[channel] = (sums[channel] ?? 0) + (values[at] ?? 0);
  }
  return sums;
}

/** Weights of different layers are of different sizes: each counts by its share in the mean channel's. */
function shares(sums: Float64Array): Float64Array {
  const mean = sums.reduce((total, each) => total + each, 0) / sums.length;
  return mean > 0 ? sums.map((each) => each / mean) : sums;
}

function sideOf({ weights, size }: ChannelGroup, role: Role, norm: Norm): Float64Array | undefined {
  const ofWeight = (weight: ConstantValue) =>
    weightNumbers(weight)?.map(norms[norm].of) ?? new Float32Array();
  const sides = weights
    .filter((each) => each.role === role)
    .map((each) => shares(sumByChannel(each, ofWeight(each.weight), size)));
  const [first, ...rest] = sides;
  return first && rest.reduce((total, side) => total.map((each, at) => each + (side[at] ?? 0)), first);
}

/**
 * The norm of the weights that make a channel, times that of the weights that read it: a channel that is not made, or that
 * nobody reads, counts for nothing, however large the other side is. Batch normalization scales channels beside these weights:
 * fold it first.
 */
export function magnitudeImportance(groups: readonly ChannelGroup[], norm: Norm = 'l2'): Importance {
  return new Map(
    groups.map((group) => {
      const [made, read] = [sideOf(group, 'writes', norm), sideOf(group, 'reads', norm)];
      const both = Float64Array.from(
        { length: group.size },
        (_, at) => (made?.[at] ?? 1) * (read?.[at] ?? 1),
      );
      return [group.name, both.map(norms[norm].whole)];
    }),
  );
}
