import type { Model } from '../../../shared/onnx/ir';
import type { LayerDecision, Passed } from '../pass';

export interface GradualPruning {
  readonly model: Model;
  readonly rounds: number;
  /** Over 0, under 1: of the given model, what is gone after the last round. */
  readonly fraction: number;
  /** One round: the model as it has become, and the fraction that is to go. */
  readonly prune: (model: Model, fraction: number) => Promise<Passed>;
  /**
   * How many parts a model has that could go. A round's fraction is then of those that are left, whatever the rounds before it
   * have rounded; without it each round's fraction is of the given model, as zeros are counted that are counted again.
   */
  readonly parts?: (model: Model) => number;
  /** Wins back what the round cost; after each round. */
  readonly recover?: (model: Model) => Promise<Model>;
  readonly signal: AbortSignal;
}

/** What is gone after a round, from 1 to `rounds`: much at first, while there is much to spare (Zhu and Gupta, 2017). */
export const goneAfter = (
  round: number,
  { rounds, fraction }: Pick<GradualPruning, 'rounds' | 'fraction'>,
) => (round === rounds ? fraction : fraction * (1 - (1 - round / rounds) ** 3));

/** The fraction that a round takes; undefined where the ones before it have taken that already. */
function shareOf(round: number, model: Model, pruning: GradualPruning): number | undefined {
  const gone = goneAfter(round, pruning);
  if (pruning.parts === undefined) return gone;
  const [first, left] = [pruning.parts(pruning.model), pruning.parts(model)];
  const share = 1 - ((1 - gone) * first) / left;
  return Math.round(share * left) > 0 ? share : undefined;
}

/** What all rounds together did to each layer. */
function merged(rounds: readonly (readonly LayerDecision[])[]): readonly LayerDecision[] {
  const layers = new Map<string, LayerDecision>();
  for (const decision of rounds.flat()) {
    const { results: _, ...last } = decision;
    const first = layers.get(decision.layer);
    const { bytesBefore, shape } = first ?? decision;
    const { kept, ...rest } = last;
    const stays = decision.bytesAfter < bytesBefore || kept === undefined ? {} : { kept };
    layers.set(decision.layer, { ...rest, shape, bytesBefore, ...stays });
  }
  return [...layers.values()];
}

/**
 * Prunes in rounds on a cubic schedule, each followed by recovery, so that the last one ends at the fraction. Rounds are all of
 * the same kind; layers keep their names through them.
 */
export async function pruneGradually(pruning: GradualPruning): Promise<Passed> {
  const { prune, recover, rounds, signal } = pruning;
  const decisions: (readonly LayerDecision[])[] = [];
  let { model } = pruning;
  for (let round = 1; round <= rounds; round++) {
    signal.throwIfAborted();
    const share = shareOf(round, model, pruning);
    const passed = share === undefined ? { model, layers: [] } : await prune(model, share);
    decisions.push(passed.layers);
    model = recover === undefined ? passed.model : await recover(passed.model);
  }
  return { model, layers: merged(decisions) };
}
