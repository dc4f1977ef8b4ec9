import { attribute, intAttribute } from '../../../../shared/onnx/attributes';
import type { OperationValue } from '../../../../shared/onnx/ir';
import { shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';
import {
  blockInputs,
  type ChannelRule,
  type ChannelRuleTable,
  type NodeParts,
  namedRules,
  type Shrinking,
  takenTogether,
} from './channel-rule';

/** How a convolution splits its channels: each group reads and makes so many of its own. */
interface Groups {
  readonly count: number;
  readonly reads: number;
  readonly makes: number;
}

/** Kernels are [made, read of one group, …space], or [read, made of one group, …space] where they are transposed. */
function groupsOf(node: OperationValue): Groups | undefined {
  const [first, second] = shapeOf(node.inputs[1]) ?? [];
  const count = intAttribute(node.attributes, 'group', 1);
  if (typeof first !== 'number' || typeof second !== 'number') return undefined;
  return node.op === 'Conv'
    ? { count, reads: second, makes: first / count }
    : { count, reads: first / count, makes: second };
}

/**
 * Groups go whole where there are more of them than channels in each, as in a depthwise convolution; else each of them loses
 * the same channels. Either way the groups stay equal.
 */
const goesWhole = ({ count, reads }: Groups): boolean => count > 1 && count >= reads;

/** Joins what lies at indices that are of one kind. */
function joinAlike(
  axes: readonly Axis[],
  kindOf: (index: number, axis: number) => number,
  trace: ChannelTrace,
) {
  const firsts = new Map<number, number>();
  for (const [at, axis] of axes.entries()) {
    for (const [index, channel] of (axis ?? []).entries()) {
      const kind = kindOf(index, at);
      const first = firsts.get(kind);
      if (first === undefined) firsts.set(kind, channel);
      else trace.sets.join(first, channel);
    }
  }
}

interface Sides {
  readonly read: Axis;
  readonly made: Axis;
  readonly trace: ChannelTrace;
}

/** A group and all that it reads and makes are one channel. */
function joinWhole({ reads, makes }: Groups, { read, made, trace }: Sides): void {
  joinAlike([read, made], (index, side) => Math.floor(index / (side === 0 ? reads : makes)), trace);
  if (read === undefined || made === undefined) trace.join(read, made);
}

/** Channels at the same place of each group are one; what is made and what is read stay apart. */
function joinPlaces({ reads, makes }: Groups, { read, made, trace }: Sides): void {
  joinAlike([read], (index) => index % reads, trace);
  joinAlike([made], (index) => index % makes, trace);
}

/** Ties the kernel's axis over one group's channels to the channels of the first group. */
const joinKernel = (kernel: Axis, all: Axis, trace: ChannelTrace): void =>
  trace.join(kernel, kernel && all?.subarray(0, kernel.length));

function convolutionAxes(node: OperationValue, trace: ChannelTrace): readonly Axes[] {
  const groups = groupsOf(node);
  const [x, kernel, bias] = node.inputs;
  const rank = shapeOf(node)?.length;
  if (groups === undefined || rank === undefined || trace.axesOf(x) === undefined)
    return blockInputs(node, trace, takenTogether(node));
  const [makes, reads] = node.op === 'Conv' ? [0, 1] : [1, 0];
  trace.blockAll(x, takenTogether(node), [0, 1]);
  trace.blockAll(kernel, takenTogether(node), [0, 1]);
  const read = trace.axis(x, 1);
  const made = madeAxis(node, groups, trace);
  if (groups.count === 1) trace.join(read, trace.axis(kernel, reads));
  else {
    const sides = { read, made, trace };
    if (goesWhole(groups)) joinWhole(groups, sides);
    else joinPlaces(groups, sides);
    if (goesWhole(groups)) trace.block(trace.axis(kernel, 1), takenTogether(node));
    else joinKernel(trace.axis(kernel, 1), node.op === 'Conv' ? read : made, trace);
    if (node.op !== 'Conv') trace.join(read, trace.axis(kernel, 0));
  }
  trace.mark(kernel, reads, 'reads');
  trace.mark(kernel, goesWhole(groups) ? 0 : makes, 'writes');
  trace.mark(bias, 0, 'writes');
  if (bias !== undefined) trace.join(made, trace.axis(bias, 0));
  return [[trace.axis(x, 0), made, ...new Array<Axis>(rank - 2).fill(undefined)]];
}

/** A transposed kernel of several groups has no axis over all that it makes. */
function madeAxis(node: OperationValue, { count, makes }: Groups, trace: ChannelTrace): Axis {
  if (node.op === 'Conv') return trace.axis(node.inputs[1], 0);
  if (count === 1) return trace.axis(node.inputs[1], 1);
  return count * makes > 1 ? trace.sets.fresh(count * makes) : undefined;
}

function shrinkGroups({ node, trace, kept }: Shrinking): NodeParts {
  const groups = groupsOf(node);
  const stay = kept(trace.axis(node.inputs[0], 1));
  if (groups === undefined || stay === undefined || !goesWhole(groups)) return {};
  return { attributes: { ...node.attributes, group: attribute.int(stay.length / groups.reads) } };
}

const convolution: ChannelRule = { axes: convolutionAxes, shrink: shrinkGroups };

/** Batch and channels pass; the places of an image are read together. */
const pool: ChannelRule = {
  axes(node, trace) {
    const [x] = node.inputs;
    if (node.types.length > 1) return blockInputs(node, trace, takenTogether(node));
    trace.blockAll(x, takenTogether(node), [0, 1]);
    return [trace.axesOf(x)?.map((axis, index) => (index < 2 ? axis : undefined))];
  },
};

/** Operators that slide a window over space. */
export const convolutionRules: ChannelRuleTable = {
  Conv: convolution,
  ConvTranspose: convolution,
  ...namedRules('MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool', pool),
};
