import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { attributeOf, intAttribute } from '../../../shared/onnx/attributes';
import { constant, operation } from '../../../shared/onnx/build';
import type { ConstantValue, Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { operatorOf } from '../../../shared/onnx/operators';
import { shapeOf } from '../../../shared/onnx/shapes';
import { type Adapt, rewrite } from '../../../shared/onnx/walk';
import type { ChannelAnalysis, ChannelGroup } from './channel-groups';
import { channelRuleOf } from './channel-rules';
import { editEntries, type Shrinking } from './channel-rules/channel-rule';
import type { Axis } from './channel-sets';
import { takeAlong } from './take-along';

/** The channels of each group that stay, by the group's name; of groups that are not named, all do. */
export type KeptChannels = ReadonlyMap<string, readonly number[]>;

function checkKept(groups: readonly ChannelGroup[], kept: KeptChannels): void {
  const known = new Map(groups.map((group) => [group.name, group]));
  for (const [name, channels] of kept) {
    const size = known.get(name)?.size;
    if (size === undefined)
      throw new UnsuitableModelError(
        `the model has no channels '${name}' that can be removed: give one of ${[...known.keys()].join(', ') || 'none'}`,
      );
    const isChannel = (channel: number) => Number.isInteger(channel) && channel >= 0 && channel < size;
    if (channels.length > 0 && channels.every(isChannel)) continue;
    throw new UnsuitableModelError(
      `of '${name}' the channels [${channels.join(', ')}] would stay: name at least one, each from 0 to ${size - 1}`,
    );
  }
}

/** Which indices along an axis stay. */
export function keeper({ trace, places }: ChannelAnalysis, kept: KeptChannels): Shrinking['kept'] {
  const sets = new Map([...kept].map(([name, channels]) => [name, new Set(channels)]));
  const known = new Map<Int32Array, readonly number[] | undefined>();
  const stays = (label: number): boolean => {
    const place = places.get(trace.sets.find(label));
    return place === undefined || (sets.get(place.group.name)?.has(place.channel) ?? true);
  };
  return (axis: Axis) => {
    if (axis === undefined) return undefined;
    if (!known.has(axis)) {
      const left = [...axis.keys()].filter((index) => stays(axis[index] ?? 0));
      known.set(axis, left.length === axis.length ? undefined : left);
    }
    return known.get(axis);
  };
}

function shrinkConstant(value: ConstantValue, axes: readonly Axis[], kept: Shrinking['kept']): Value {
  const tensor = axes.reduce((left, axis, index) => {
    const indices = kept(axis);
    return indices === undefined ? left : takeAlong(left, index, indices);
  }, value.tensor);
  return tensor === value.tensor ? value : constant(tensor, value.name);
}

/** The sizes that a Shape gave out before anything was removed. */
function formerSizes(value: OperationValue, rebuilt: Value, shrunk: Shrinking): Value | undefined {
  const axes = shrunk.trace.axesOf(value.inputs[0]) ?? [];
  const end = attributeOf.int(value.attributes, 'end');
  const sizes = (shapeOf(value.inputs[0]) ?? []).map((size, index) => [size, axes[index]] as const);
  const told = sizes.slice(intAttribute(value.attributes, 'start', 0), end);
  const edits = told.flatMap(([size, axis], index) =>
    typeof size === 'number' && shrunk.kept(axis) !== undefined ? [[index, size] as const] : [],
  );
  return edits.length === 0 ? undefined : editEntries(rebuilt, new Map(edits));
}

/**
 * The model without some of its channels: weights, sizes, counts and indices that went with them are gone. What the model works
 * out of sizes is told the former ones, so that a mean over a fixed number stays one. The given model is not changed.
 * `UnsuitableModelError` where a group is not there, or nothing of it would stay.
 */
export function removeChannels(analysis: ChannelAnalysis, keptChannels: KeptChannels): Model {
  const { model, trace, groups } = analysis;
  checkKept(groups, keptChannels);
  const kept = keeper(analysis, keptChannels);
  const adapt: Adapt = (node, inputs) => {
    const parts = channelRuleOf(node)?.shrink?.({ node, inputs, trace, kept });
    if (parts?.inputs === undefined && parts?.attributes === undefined) return undefined;
    const { op, domain, types } = node;
    const isKnown = operatorOf(domain, op) !== undefined;
    const options = { domain, outputs: types.length, ...(isKnown ? {} : { types }) };
    return operation(op, parts.inputs ?? inputs, parts.attributes ?? node.attributes, options);
  };
  const graph = rewrite(
    model.graph,
    (value, rebuilt) => {
      if (value.kind === 'constant') return shrinkConstant(value, trace.constants.get(value) ?? [], kept);
      const isShape = value.kind === 'operation' && value.domain === '' && value.op === 'Shape';
      return isShape
        ? formerSizes(value, rebuilt, { node: value, inputs: value.inputs, trace, kept })
        : undefined;
    },
    adapt,
  );
  return { ...model, graph };
}
