import type { StepOf } from '../../shared/contracts/compression/step-spec';
import type { Model } from '../../shared/onnx/ir';
import type { Pass, Passed } from '../compression/pass';
import { type ChannelGroup, findChannelGroups } from '../compression/pruning/channel-groups';
import { pruneChannels, pruneHeads } from '../compression/pruning/prune-channels';
import { pruneGradually } from '../compression/pruning/prune-gradually';
import { pruneLayers, taylorOfBlocks } from '../compression/pruning/prune-layers';
import { pruneWeights, sparseNote, taylorOfWeights } from '../compression/pruning/prune-weights';
import { findResidualBlocks } from '../compression/pruning/residual-blocks';
import type { TaylorData } from '../compression/pruning/taylor/measure-effects';
import { taylorImportance } from '../compression/pruning/taylor/taylor-importance';
import { recover } from '../compression/retraining/recover';
import { samplesOf } from './quantizers';
import type { StepResult, StepTools } from './step-tools';

type PruningName = 'prune_channels' | 'prune_heads' | 'prune_layers' | 'prune_weights';
export type PruningStep = StepOf<PruningName>;

/** One way to prune. */
interface Pruner<N extends PruningName> {
  /** The pass of one round, on what is left of the model. */
  readonly passOf: (
    step: StepOf<N>,
    round: { model: Model; fraction: number; data?: TaylorData },
  ) => Promise<Pass>;
  /** How many parts a model has that could go; absent where those that went are counted again, as zeros are. */
  readonly parts?: (model: Model) => number;
  readonly keepZeros?: boolean;
  readonly notes?: readonly string[];
}

const groupsOf = (model: Model, kind: ChannelGroup['kind']): readonly ChannelGroup[] =>
  findChannelGroups(model).filter((group) => group.kind === kind);

const channelPruner = (
  kind: ChannelGroup['kind'],
  pass: typeof pruneChannels,
): Pruner<'prune_channels'> & Pruner<'prune_heads'> => ({
  async passOf(_, { model, fraction, data }) {
    const importance = data && (await taylorImportance(model, groupsOf(model, kind), data));
    return pass({ fraction, ...(importance ? { importance } : {}) });
  },
  parts: (model) => groupsOf(model, kind).reduce((sum, { size }) => sum + size, 0),
});

const pruners: { readonly [N in PruningName]: Pruner<N> } = {
  prune_channels: channelPruner('channels', pruneChannels),
  prune_heads: channelPruner('heads', pruneHeads),
  prune_layers: {
    async passOf(_, { model, fraction, data }) {
      const importance = data && (await taylorOfBlocks(model, data));
      return pruneLayers({ fraction, ...(importance ? { importance } : {}) });
    },
    parts: (model) => findResidualBlocks(model).length,
  },
  prune_weights: {
    async passOf({ pattern }, { model, fraction, data }) {
      const importance = data && (await taylorOfWeights(model, data));
      return pruneWeights({ pattern, fraction, ...(importance ? { importance } : {}) });
    },
    keepZeros: true,
    notes: [sparseNote],
  },
};

export const isPruning = (step: { readonly name: string }): step is PruningStep =>
  Object.hasOwn(pruners, step.name);

/** Enough to tell what matters; gradients of more rows would say the same. */
const importanceRows = 1_024;

/** Takes parts of a model out, in rounds, each followed by recovery where the step asks for that. */
export async function prune<N extends PruningName>(
  name: N,
  { step, model, tools: { bench } }: { step: StepOf<N> & PruningStep; model: Model; tools: StepTools },
): Promise<StepResult> {
  const { passOf, parts, keepZeros = false, notes = [] } = pruners[name];
  const { fraction, rounds, recovery, importance } = step;
  const { open, signal, seed } = bench;
  const taylor = importance === 'taylor';
  const data = taylor
    ? { data: { samples: samplesOf(bench), rows: importanceRows, open, signal, seed } }
    : {};
  const pruned: Passed = await pruneGradually({
    model,
    rounds,
    fraction,
    signal,
    prune: async (left, share) => (await passOf(step, { model: left, fraction: share, ...data })).apply(left),
    ...(parts ? { parts } : {}),
    ...(recovery ? { recover: (left) => recover(left, { bench, recovery, keepZeros }) } : {}),
  });
  return { ...pruned, notes };
}
