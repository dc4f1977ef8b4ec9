import { PassFailedError } from '../../../shared/errors/compression-errors';
import type { Model } from '../../../shared/onnx/ir';
import { verifyGraph } from '../../../shared/onnx/verify';
import type { CleaningPass, CleaningTools } from './cleaning-pass';
import { dropTrainingOutputs } from './drop-training-outputs';
import { dropUnreadChannels } from './drop-unread-channels';
import { flushTinyWeights } from './flush-tiny-weights';
import { foldConstantChannels } from './fold-constant-channels';
import { foldConstants } from './fold-constants';
import { foldScaling } from './fold-scaling';
import { foldShapes } from './fold-shapes';
import { inlineBranches } from './inline-branches';
import { keepOutputTypes } from './keep-output-types';
import { mergeDuplicates } from './merge-duplicates';
import { removeIdentities } from './remove-identities';

/** In the order in which each leaves least to those after it: what is dropped needs not be computed. */
const passes: readonly CleaningPass[] = [
  dropTrainingOutputs,
  inlineBranches,
  foldShapes,
  removeIdentities,
  mergeDuplicates,
  foldConstants,
  foldScaling,
  flushTinyWeights,
  foldConstantChannels,
  dropUnreadChannels,
];

/** In how many places a pass changed the model, over all rounds. */
export interface PassChanges {
  readonly name: string;
  readonly changes: number;
}

export interface CleanedUp {
  readonly model: Model;
  /** One for each pass, in the order in which they run. */
  readonly passes: readonly PassChanges[];
}

/** One pass may make work for those before it; what is left after so many rounds is left. */
const mostRounds = 32;

/** Below, operators have other forms, and broadcasting is said by attributes: ONNX Runtime promises nothing there either. */
const oldestOpset = 7;

/**
 * The model without what changes none of its answers by more than rounding: the same outputs within 1e-5 of their size, by the
 * same names, types and order; but outputs that only a training loop reads are dropped. Models before opset 7 are left as they
 * are. `PassFailedError` names the pass that gave no graph.
 */
export async function cleanUp(model: Model, tools: CleaningTools): Promise<CleanedUp> {
  const changes = new Map(passes.map(({ name }) => [name, 0]));
  let cleaned = model;
  let changed = (model.opsets[''] ?? 1) >= oldestOpset;
  for (let round = 0; changed && round < mostRounds; round++) {
    const before = cleaned;
    for (const pass of passes) cleaned = await applyOne(pass, cleaned, { tools, changes });
    changed = cleaned !== before;
  }
  const graph = keepOutputTypes(cleaned.graph, model.graph);
  if (graph !== cleaned.graph) cleaned = { ...cleaned, graph };
  return { model: cleaned, passes: passes.map(({ name }) => ({ name, changes: changes.get(name) ?? 0 })) };
}

interface Running {
  readonly tools: CleaningTools;
  readonly changes: Map<string, number>;
}

async function applyOne(pass: CleaningPass, model: Model, { tools, changes }: Running): Promise<Model> {
  tools.signal.throwIfAborted();
  try {
    const cleaned = await pass.apply(model, tools);
    if (cleaned.changes > 0) verifyGraph(cleaned.model.graph);
    changes.set(pass.name, (changes.get(pass.name) ?? 0) + cleaned.changes);
    return cleaned.model;
  } catch (cause) {
    tools.signal.throwIfAborted();
    const before = passes.slice(0, passes.indexOf(pass)).map(({ name }) => name);
    throw new PassFailedError(pass.name, before, cause);
  }
}
