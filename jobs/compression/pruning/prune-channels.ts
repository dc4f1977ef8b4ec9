import type { Model } from '../../../shared/onnx/ir';
import type { Pass, Passed } from '../pass';
import { analyseChannels, type ChannelAnalysis, type ChannelGroup } from './channel-groups';
import { chooseChannels, type Ranking } from './choose-channels';
import type { Importance } from './importance';
import { magnitudeImportance } from './magnitude-importance';
import { type KeptChannels, removeChannels } from './remove-channels';
import { shrunkLayers } from './shrunk-layers';

/** So many of the model's channels go, the least important ones. */
interface ByFraction {
  /** Over 0, under 1: of the channels that can go at all. */
  readonly fraction: number;
  /** Of this very model; that of the weights' size where absent. */
  readonly importance?: Importance;
  readonly ranking?: Ranking;
  /** Channels stay in multiples of this where a group has at least twice as many; what kernels like best where absent. */
  readonly multiple?: number;
}

/** Just these stay. */
interface ByName {
  readonly keptByGroup: KeptChannels;
}

export type ChannelPruning = ByFraction | ByName;

/**
 * ONNX Runtime lays channels out in blocks of 8 (AVX2) or 16 (AVX-512) and fills the last one up: on a CNN of 32, 64 and 128
 * channels 17, 34 and 68 of them take 1.7 times as long as 16, 32 and 64.
 */
const wholeBlocks = (size: number): number => (size < 64 ? 8 : 16);

/** The groups of one kind, chosen from and taken out. */
interface Kind {
  readonly kind: ChannelGroup['kind'];
  readonly noun: string;
  readonly multipleFor: (size: number) => number;
}

function chosen(
  { groups }: ChannelAnalysis,
  pruning: ChannelPruning,
  { kind, noun, multipleFor }: Kind,
): KeptChannels {
  if ('keptByGroup' in pruning) return pruning.keptByGroup;
  const { multiple } = pruning;
  const own = groups.filter((group) => group.kind === kind);
  return chooseChannels(own, {
    fraction: pruning.fraction,
    importance: pruning.importance ?? magnitudeImportance(own),
    ranking: pruning.ranking ?? 'uniform',
    multipleFor: multiple === undefined ? multipleFor : () => multiple,
    noun,
  });
}

const pruningPass = (name: string, pruning: ChannelPruning, kind: Kind): Pass => ({
  name,
  apply(model): Passed {
    const analysis = analyseChannels(model);
    const kept = chosen(analysis, pruning, kind);
    return { model: removeChannels(analysis, kept), layers: shrunkLayers(analysis, kept) };
  },
});

/**
 * Takes the least important channels out of a model, and all that is coupled to them, so that what is left is a smaller network
 * of the same form, in the runtime's own dense kernels. `UnsuitableModelError` where no channel can go, or where the fraction
 * would leave nothing of a layer.
 */
export const pruneChannels = (pruning: ChannelPruning): Pass =>
  pruningPass('prune_channels', pruning, { kind: 'channels', noun: 'channels', multipleFor: wholeBlocks });

/**
 * Takes whole attention heads out (Michel et al., 2019): the columns of their queries, keys and values, and the rows of the
 * output projection that read them, in the fused operators as in the written-out form.
 */
export const pruneHeads = (pruning: ChannelPruning): Pass =>
  pruningPass('prune_heads', pruning, { kind: 'heads', noun: 'attention heads', multipleFor: () => 1 });

/** How many channels, or attention heads, a model has that could go. */
export const countParts = (model: Model, kind: ChannelGroup['kind']): number =>
  analyseChannels(model)
    .groups.filter((group) => group.kind === kind)
    .reduce((sum, { size }) => sum + size, 0);
