import type { ConstantValue, Model } from '../../../shared/onnx/ir';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import type { ChannelTrace, Role } from './channel-trace';
import { splitByAxes } from './split-by-axes';
import { traceChannels } from './trace-channels';

/** One axis of a weight, and which channel of a group each index belongs to. */
export interface WeightAxis {
  readonly weight: ConstantValue;
  readonly axis: number;
  readonly role: Role;
  /** One for each index: a channel of the group, or -1. */
  readonly channels: Int32Array;
}

/** Channels of which any can be removed, as long as one is left, each with all that is coupled to it. */
export interface ChannelGroup {
  /** Unique within the model, and the same on every run: that of the first weight that makes them. */
  readonly name: string;
  /** Attention heads are removed whole. */
  readonly kind: 'channels' | 'heads';
  readonly size: number;
  readonly weights: readonly WeightAxis[];
}

/** The groups of a graph, and what is needed to take some of their channels out. */
export interface ChannelAnalysis {
  /** In today's operators. */
  readonly model: Model;
  readonly trace: ChannelTrace;
  readonly groups: readonly ChannelGroup[];
  /** By the set that stands for it: the group and the channel within it. */
  readonly places: ReadonlyMap<number, { readonly group: ChannelGroup; readonly channel: number }>;
}

/** Sets in the order in which weights have them, each list that of one group. */
type Members = readonly number[];

function namesFor(analysed: readonly { readonly weights: readonly WeightAxis[] }[]): readonly string[] {
  const taken = new Map<string, number>();
  return analysed.map(({ weights }) => {
    const made = weights.filter(({ role }) => role === 'writes');
    const named = made.find(({ weight }) => weight.name !== undefined)?.weight.name;
    const name = named ?? `channels ${made[0]?.weight.tensor.dims.join('x')}`;
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

interface Place {
  readonly group: number;
  readonly channel: number;
}

/** An axis of a weight as each group sees it whose channels run along it. */
function byGroup(
  labels: Int32Array,
  places: ReadonlyMap<number, Place>,
  trace: ChannelTrace,
): Map<number, Int32Array> {
  const found = new Map<number, Int32Array>();
  for (const [index, label] of labels.entries()) {
    const place = places.get(trace.sets.find(label));
    if (place === undefined) continue;
    const channels = found.get(place.group) ?? new Int32Array(labels.length).fill(-1);
    channels[index] = place.channel;
    found.set(place.group, channels);
  }
  return found;
}

/** The axes of weights along which the channels of each group run. */
function weightsOf(groups: readonly Members[], trace: ChannelTrace): readonly (readonly WeightAxis[])[] {
  const places = new Map(
    groups.flatMap((members, group) => members.map((root, channel) => [root, { group, channel }] as const)),
  );
  const weights = groups.map((): WeightAxis[] => []);
  for (const [weight, axes] of trace.constants)
    for (const [axis, labels] of axes.entries()) {
      if (labels === undefined) continue;
      const role = trace.roles.get(labels) ?? 'carries';
      for (const [group, channels] of byGroup(labels, places, trace))
        weights[group]?.push({ weight, axis, channels, role });
    }
  return weights;
}

const isMade = ({ role, weight }: WeightAxis): boolean => role === 'writes' && weight.tensor.dims.length > 1;

/** Every set of coupled channels that can be taken out of a model, with the trace behind it. */
export function analyseChannels(given: Model): ChannelAnalysis {
  const model = upgradeModel(given);
  const trace = traceChannels(model.graph);
  const heads = new Set([...trace.heads].flatMap((axis) => [...axis].map((each) => trace.sets.find(each))));
  const sets = splitByAxes(trace);
  const weights = weightsOf(sets, trace);
  const found = sets
    .map((members, index) => ({ members, weights: weights[index] ?? [] }))
    .filter(({ members, weights: own }) => members.length > 1 && own.some(isMade));
  const names = namesFor(found);
  const places = new Map<number, { group: ChannelGroup; channel: number }>();
  const groups = found.map(({ members, weights: own }, index): ChannelGroup => {
    const kind = members.some((root) => heads.has(root)) ? 'heads' : 'channels';
    const group = { name: names[index] ?? '', kind, size: members.length, weights: own } as const;
    for (const [channel, root] of members.entries()) places.set(root, { group, channel });
    return group;
  });
  return { model, trace, groups, places };
}

/**
 * Every set of coupled channels that can be taken out of a model: masks are followed through the whole graph, in the manner of
 * dependency graphs (Fang et al., 2023), but channel by channel, so that channels that are concatenated, split or laid out in
 * rows keep their identity. What an operator without a rule touches is in no group.
 */
export const findChannelGroups = (model: Model): readonly ChannelGroup[] => analyseChannels(model).groups;
