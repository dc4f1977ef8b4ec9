import { attribute, attributeOf, intAttribute } from '../../../../shared/onnx/attributes';
import type { OperationValue } from '../../../../shared/onnx/ir';
import { knownInts } from '../../../../shared/onnx/known-values';
import { axesOf } from '../../../../shared/onnx/operators/reduction';
import { fromFront, rankOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';
import {
  blockInputs,
  type ChannelRule,
  type ChannelRuleTable,
  namedRules,
  takenTogether,
  unclear,
} from './channel-rule';

/** Blocks some axes of the first input and lets the others pass to each output. */
function passExcept(node: OperationValue, together: readonly number[], trace: ChannelTrace): readonly Axes[] {
  const [x] = node.inputs;
  const axes = trace.axesOf(x);
  if (axes === undefined) return blockInputs(node, trace, takenTogether(node));
  const blocked = new Set(together.map((axis) => fromFront(axis, axes.length)));
  for (const axis of blocked) trace.block(axes[axis], takenTogether(node));
  for (const other of node.inputs.slice(1)) trace.blockAll(other, takenTogether(node));
  const passing = axes.map((axis, index) => (blocked.has(index) ? undefined : axis));
  return node.types.map(() => passing);
}

/** Statistics of the training run belong to each channel by itself. */
const batchNormalization: ChannelRule = {
  axes(node, trace) {
    const [x, scale, shift, mean, variance] = node.inputs;
    const axes = trace.axesOf(x);
    if (axes === undefined || node.types.length > 1) return blockInputs(node, trace, takenTogether(node));
    for (const each of [scale, shift, mean, variance]) trace.join(axes[1], trace.axis(each, 0));
    for (const each of [scale, mean, variance]) trace.mark(each, 0, 'carries');
    trace.mark(shift, 0, 'writes');
    return [axes];
  },
};

/** Each channel is brought to scale over its own places. */
const instanceNormalization: ChannelRule = {
  axes(node, trace) {
    const [x, scale, shift] = node.inputs;
    const axes = trace.axesOf(x);
    if (axes === undefined) return blockInputs(node, trace, takenTogether(node));
    trace.blockAll(x, takenTogether(node), [0, 1]);
    for (const each of [scale, shift]) trace.join(axes[1], trace.axis(each, 0));
    trace.mark(scale, 0, 'carries');
    trace.mark(shift, 0, 'writes');
    return [axes.map((axis, index) => (index < 2 ? axis : undefined))];
  },
};

const groupCount = (node: OperationValue): number => intAttribute(node.attributes, 'num_groups', 1);

/** The channels of a group are brought to scale together, so that they go together. */
const groupNormalization: ChannelRule = {
  axes(node, trace) {
    const axes = instanceNormalization.axes(node, trace);
    const channels = axes[0]?.[1];
    const together = (channels?.length ?? 0) / groupCount(node);
    for (const [index, channel] of (channels ?? []).entries())
      trace.sets.join(channel, channels?.[index - (index % together)] ?? channel);
    return axes;
  },
  shrink({ node, trace, kept }) {
    const axis = trace.axis(node.inputs[0], 1);
    const stay = kept(axis);
    if (axis === undefined || stay === undefined) return {};
    const groups = (stay.length * groupCount(node)) / axis.length;
    return { attributes: { ...node.attributes, num_groups: attribute.int(groups) } };
  },
};

/** All axes from one on are brought to scale together: a channel less would change the others. */
const layerNormalization: ChannelRule = {
  axes(node, trace) {
    const rank = rankOf(node.inputs[0]) ?? 0;
    if (rank === 0) return blockInputs(node, trace, takenTogether(node));
    const first = fromFront(intAttribute(node.attributes, 'axis', -1), rank);
    return passExcept(
      node,
      Array.from({ length: rank - first }, (_, index) => first + index),
      trace,
    );
  },
};

/** The stream that is added, then brought to scale: the last axis stays, whatever the others are. */
const skipNormalization: ChannelRule = {
  axes(node, trace) {
    for (const other of node.inputs.slice(1)) trace.blockAll(other, takenTogether(node));
    return passExcept(node, trace.axesOf(node.inputs[0])?.map((_, index) => index) ?? [], trace);
  },
};

const overAxis = (missing: number): ChannelRule => ({
  axes: (node, trace) => passExcept(node, [intAttribute(node.attributes, 'axis', missing)], trace),
});

const overChannels: ChannelRule = { axes: (node, trace) => passExcept(node, [1], trace) };

const overAxes: ChannelRule = {
  axes: (node, trace) => passExcept(node, attributeOf.ints(node.attributes, 'axes') ?? [0, 2, 3], trace),
};

/** Running sums along an axis that is an input. */
const cumulative: ChannelRule = {
  axes(node, trace) {
    const [axis] = (node.inputs[1] && knownInts(node.inputs[1])) ?? [];
    return axis === undefined ? blockInputs(node, trace, unclear(node)) : passExcept(node, [axis], trace);
  },
};

/** The best along an axis: their places are told by number. */
const ranking: ChannelRule = {
  axes(node, trace) {
    const [axes] = passExcept(
      node,
      [intAttribute(node.attributes, 'axis', node.op === 'TopK' ? -1 : 0)],
      trace,
    );
    const keeps = node.op === 'TopK' || intAttribute(node.attributes, 'keepdims', 1) !== 0;
    if (keeps || axes === undefined) return node.types.map(() => axes);
    return [axes.toSpliced(fromFront(intAttribute(node.attributes, 'axis', 0), axes.length), 1)];
  },
};

const reverseSequence: ChannelRule = {
  axes: (node, trace) =>
    passExcept(
      node,
      [intAttribute(node.attributes, 'batch_axis', 1), intAttribute(node.attributes, 'time_axis', 0)],
      trace,
    ),
};

/** Zeros add nothing to these; to a mean or a maximum they do. */
const sums = new Set(['ReduceSum', 'ReduceSumSquare', 'ReduceL1', 'ReduceL2']);

function reducedAxes(node: OperationValue, rank: number): readonly number[] | undefined {
  const named = axesOf(node);
  if (named?.length !== 0) return named?.map((axis) => fromFront(axis, rank));
  const none = intAttribute(node.attributes, 'noop_with_empty_axes', 0) !== 0;
  return none ? [] : Array.from({ length: rank }, (_, index) => index);
}

const reduction: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    const reduced = axes && reducedAxes(node, axes.length);
    if (axes === undefined || reduced === undefined) return blockInputs(node, trace, unclear(node));
    if (!sums.has(node.op)) for (const index of reduced) trace.block(axes[index], takenTogether(node));
    const left = axes.map((axis, index): Axis => (reduced.includes(index) ? undefined : axis));
    const keeps = intAttribute(node.attributes, 'keepdims', 1) !== 0;
    return [keeps ? left : left.filter((_, index) => !reduced.includes(index))];
  },
};

const reductions = ['Sum', 'SumSquare', 'L1', 'L2', 'Mean', 'Max', 'Min', 'Prod', 'LogSum', 'LogSumExp'];

/** Operators that bring values to a common scale, or to one number. */
export const normalizationRules: ChannelRuleTable = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  ...namedRules('LayerNormalization SimplifiedLayerNormalization RMSNormalization', layerNormalization),
  ...namedRules('Softmax LogSoftmax Hardmax LpNormalization', overAxis(-1)),
  LRN: overChannels,
  MeanVarianceNormalization: overAxes,
  ...namedRules('CumSum CumProd', cumulative),
  ...namedRules('ArgMax ArgMin TopK', ranking),
  ReverseSequence: reverseSequence,
  ...namedRules(reductions.map((name) => `Reduce${name}`).join(' '), reduction),
};

/** Those that only ONNX Runtime defines. */
export const fusedNormalizationRules: ChannelRuleTable = {
  ...namedRules('SkipLayerNormalization SkipSimplifiedLayerNormalization', skipNormalization),
};
