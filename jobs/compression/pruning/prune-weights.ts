import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue, Model, Tensor, Value } from '../../../shared/onnx/ir';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import type { LayerDecision, Pass, Passed } from '../pass';
import type { Ranking } from './choose-channels';
import { findSparseWeights, type SparseWeight } from './sparse-weights';
import { measureEffects, type TaylorData } from './taylor/measure-effects';
import { weightNumbers } from './weight-numbers';
import { replaceWeights, withZeros } from './with-zeros';

/** How much each element of a weight matters: more is more. */
export type WeightImportance = ReadonlyMap<ConstantValue, ArrayLike<number>>;

/** What is true of a model with zeros in its weights. */
export const sparseNote =
  'no faster in ONNX Runtime, which multiplies by zeros as by any number: the file alone gets smaller, when it is compressed';

/** The square of gradient times weight, element by element, summed over batches: see `taylorImportance`. */
export async function taylorOfWeights(given: Model, data: TaylorData): Promise<WeightImportance> {
  const model = upgradeModel(given);
  const weights = findSparseWeights(model).map(({ weight }) => weight);
  const squares = weights.map(({ tensor: { dims } }) => new Float32Array(elementCount(dims)));
  const parts = weights.map((weight) => ({ at: weight, loss: weight, reduce: (product: Value) => product }));
  const consume = (effects: ReadonlyMap<number, Tensor>) => {
    for (const [index, { data: changes }] of effects) {
      const own = squares[index];
      if (own === undefined || !(changes instanceof Float32Array)) continue;
      for (const [at, change] of changes.entries()) own[at] = (own[at] ?? 0) + change * change;
    }
  };
  await measureEffects(model, data, { parts, consume });
  return new Map(weights.map((weight, index) => [weight, squares[index] ?? []]));
}

export interface WeightPruning {
  /** Any weights, or two of each four that a product is summed along. */
  readonly pattern: 'unstructured' | '2:4';
  /** Over 0, under 1: of the weights, those that are zero afterwards. With 2:4 it is half. */
  readonly fraction: number;
  /** Of this very model; that of the weights' size where absent. */
  readonly importance?: WeightImportance;
  /** Where the weights to zero are looked for: among all alike, or in each tensor the same share. */
  readonly ranking?: Ranking;
}

/** Scores of one weight, and the zeros that it gets. */
interface Sparse extends SparseWeight {
  readonly scores: ArrayLike<number>;
  readonly zeros: Uint8Array;
}

/** Marks the least of all scores, exactly so many. */
function markLeast(weights: readonly Sparse[], count: number): void {
  const all = new Float64Array(weights.reduce((sum, { zeros }) => sum + zeros.length, 0));
  let place = 0;
  for (const { scores } of weights) for (let at = 0; at < scores.length; at++) all[place++] = scores[at] ?? 0;
  const threshold = all.sort()[count - 1] ?? Number.NEGATIVE_INFINITY;
  let atThreshold = count - all.findIndex((score) => score >= threshold);
  for (const { scores, zeros } of weights)
    for (let at = 0; at < zeros.length; at++) {
      const score = scores[at] ?? 0;
      if (score < threshold || (score === threshold && atThreshold-- > 0)) zeros[at] = 1;
    }
}

const group = 4;

/** Half of each four neighbours along the axis that products are summed along, as sparse tensor cores want them. */
function markHalves({ weight: { tensor: own }, summed, scores, zeros }: Sparse): void {
  const size = own.dims[summed] ?? 1;
  const inner = elementCount(own.dims.slice(summed + 1));
  for (let at = 0; at < zeros.length; at++) {
    const index = Math.floor(at / inner) % size;
    if (index % group !== 0) continue;
    const places = Array.from({ length: Math.min(group, size - index) }, (_, step) => at + step * inner);
    const ranked = places.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
    for (const place of ranked.slice(0, Math.floor(places.length / 2))) zeros[place] = 1;
  }
}

function mark(weights: readonly Sparse[], { pattern, fraction, ranking = 'global' }: WeightPruning): void {
  if (pattern === '2:4') for (const each of weights) markHalves(each);
  else if (ranking === 'global') {
    const all = weights.reduce((sum, { zeros }) => sum + zeros.length, 0);
    markLeast(weights, Math.round(fraction * all));
  } else for (const each of weights) markLeast([each], Math.round(fraction * each.zeros.length));
}

const bytesOf = ({ tensor: { data } }: ConstantValue): number =>
  ArrayBuffer.isView(data) ? data.byteLength : 0;

function checkFraction({ fraction, pattern }: WeightPruning, weights: readonly SparseWeight[]): void {
  if (weights.length === 0)
    throw new UnsuitableModelError('the model has no matrix and no kernel of floats that could get zeros');
  if (pattern === '2:4' || (fraction > 0 && fraction < 1)) return;
  throw new UnsuitableModelError(
    `a fraction of ${fraction} of the weights cannot be zeroed: give one over 0 and under 1`,
  );
}

const scoresOf = ({ weight }: SparseWeight, importance: WeightImportance | undefined): ArrayLike<number> =>
  importance?.get(weight) ?? weightNumbers(weight)?.map(Math.abs) ?? [];

/**
 * Puts zeros in the place of the least important weights of matrices, kernels and recurrent layers, in bodies too. Shapes stay,
 * and so does the time that a prediction takes: see `sparseNote`. `UnsuitableModelError` where the model has no such weights.
 */
export const pruneWeights = (pruning: WeightPruning): Pass => ({
  name: 'prune_weights',
  apply(given): Passed {
    const found = findSparseWeights(given);
    checkFraction(pruning, found);
    const weights = found.map((each) => ({
      ...each,
      scores: scoresOf(each, pruning.importance),
      zeros: new Uint8Array(elementCount(each.weight.tensor.dims)),
    }));
    mark(weights, pruning);
    const replaced = new Map(weights.map(({ weight, zeros }) => [weight, withZeros(weight, zeros)]));
    const { model, nodes } = replaceWeights(given, replaced);
    const layers = weights.map(({ name, node, weight }): LayerDecision => {
      const after = nodes.get(node);
      return {
        layer: name,
        operator: node.op,
        shape: weight.tensor.dims,
        bytesBefore: bytesOf(weight),
        bytesAfter: bytesOf(weight),
        ...(after === undefined ? {} : { results: { before: node, after } }),
      };
    });
    return { model, layers };
  },
});
