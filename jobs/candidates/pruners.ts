import type { StepOf } from '../../shared/contracts/compression/step-spec';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import type { Model } from '../../shared/onnx/ir';
import type { Pass, Passed } from '../compression/pass';
import { type ChannelGroup, findChannelGroups } from '../compression/pruning/channel-groups';
import { countParts, pruneChannels, pruneHeads } from '../compression/pruning/prune-channels';
import { pruneGradually } from '../compression/pruning/prune-gradually';
import { pruneLayers, taylorOfBlocks } from '../compression/pruning/prune-layers';
import { pruneWeights, sparseNote, taylorOfWeights } from '../compression/pruning/prune-weights';
import { findResidualBlocks } from '../compression/pruning/residual-blocks';
import type { TaylorData } from '../compression/pruning/taylor/measure-effects';
import { taylorImportance } from '../compression/pruning/taylor/taylor-importance';
import { recover } from '../compression/retraining/recover';
import type { Workbench } from '../compression/workbench';
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
  parts: (model) => countParts(model, kind),
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

type Round = Parameters<Pruner<PruningName>['passOf']>[1];

/** A round by what matters to the answers; by the size of weights where that is asked for, or the model has no gradients. */
async function pruneOnce<N extends PruningName>(
  { passOf }: Pruner<N>,
  step: StepOf<N> & PruningStep,
  { bench, round }: { bench: Workbench; round: Omit<Round, 'data'> },
): Promise<StepResult> {
  const apply = async (data?: TaylorData) =>
    (await passOf(step, { ...round, ...(data ? { data } : {}) })).apply(round.model);
  if (step.importance === 'magnitude') return apply();
  const { open, signal, seed } = bench;
  const data = { samples: samplesOf(bench), rows: importanceRows, open, signal, seed };
  try {
    return await apply(data);
  } catch (error) {
    if (step.importance === 'taylor' || !(error instanceof UnsuitableModelError)) throw error;
    return { ...(await apply()), notes: [`pruned by the size of weights: ${error.message}`] };
  }
}

/** Takes parts of a model out, in rounds, each followed by recovery where the step asks for that. */
export async function prune<N extends PruningName>(
  name: N,
  { step, model, tools: { bench } }: { step: StepOf<N> & PruningStep; model: Model; tools: StepTools },
): Promise<StepResult> {
  const pruner: Pruner<N> = pruners[name];
  const { parts, keepZeros = false } = pruner;
  const { fraction, rounds, recovery } = step;
  const notes = new Set(pruner.notes);
  // the pass itself says what the model lacks
  if (parts?.(model) === 0) return pruneOnce(pruner, step, { bench, round: { model, fraction } });
  const pruned: Passed = await pruneGradually({
    model,
    rounds,
    fraction,
    signal: bench.signal,
    prune: async (left, share) => {
      const passed = await pruneOnce(pruner, step, { bench, round: { model: left, fraction: share } });
      for (const note of passed.notes ?? []) notes.add(note);
      return passed;
    },
    ...(parts ? { parts } : {}),
    ...(recovery ? { recover: (left) => recover(left, { bench, recovery, keepZeros }) } : {}),
  });
  return { ...pruned, notes: [...notes] };
}
