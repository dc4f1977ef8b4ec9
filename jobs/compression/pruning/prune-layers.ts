import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { castTo, reduceSum } from '../../../shared/onnx/expressions';
import type { ConstantValue, Model, Tensor, Value } from '../../../shared/onnx/ir';
import { rankOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { rewrite } from '../../../shared/onnx/walk';
import type { LayerDecision, Pass, Passed } from '../pass';
import { findResidualBlocks, type ResidualBlock } from './residual-blocks';
import { measureEffects, type TaylorData } from './taylor/measure-effects';
import { weightNumbers } from './weight-numbers';

/** How much each block matters, by its name: more is more. */
export type BlockImportance = ReadonlyMap<string, number>;

function rootMeanSquare(weight: ConstantValue): number {
  const numbers = weightNumbers(weight) ?? new Float32Array();
  let squares = 0;
  for (const number of numbers) squares += number * number;
  return Math.sqrt(squares / Math.max(1, numbers.length));
}

/** The size of a block's weights: zero where one of its matrices is, for then the block adds nothing. */
export const magnitudeOfBlocks = (blocks: readonly ResidualBlock[]): BlockImportance =>
  new Map(
    blocks.map(({ name, weights }) => {
      const product = weights.reduce((sum, weight) => sum + Math.log(rootMeanSquare(weight)), 0);
      return [name, Math.exp(product / weights.length)];
    }),
  );

/** What the answers change by, to first order, without what each block adds: see `taylorImportance`. */
export async function taylorOfBlocks(given: Model, data: TaylorData): Promise<BlockImportance> {
  const model = upgradeModel(given);
  const blocks = findResidualBlocks(model);
  const squares = new Float64Array(blocks.length);
  const parts = blocks.map(({ sum, branch }) => ({
    at: sum,
    loss: branch,
    reduce: (product: Value) =>
      castTo(
        reduceSum(
          product,
          Array.from({ length: rankOf(sum) ?? 0 }, (_, axis) => axis),
          false,
        ),
        'float',
      ),
  }));
  const consume = (effects: ReadonlyMap<number, Tensor>) => {
    for (const [index, { data: change }] of effects) {
      const size = Number(change[0] ?? 0);
      squares[index] = (squares[index] ?? 0) + size * size;
    }
  };
  await measureEffects(model, data, { parts, consume });
  return new Map(blocks.map(({ name }, index) => [name, squares[index] ?? 0]));
}

export interface LayerPruning {
  /** Over 0, under 1: of the residual blocks. */
  readonly fraction: number;
  /** Of this very model; that of the weights' size where absent. */
  readonly importance?: BlockImportance;
}

function leastImportant(
  blocks: readonly ResidualBlock[],
  { fraction, importance = magnitudeOfBlocks(blocks) }: LayerPruning,
): ReadonlySet<ResidualBlock> {
  const count = Math.round(fraction * blocks.length);
  if (blocks.length < 2)
    throw new UnsuitableModelError(
      `the model has ${blocks.length} residual blocks whose input and output are of one shape: at least 2 are needed, for one has to stay`,
    );
  if (!(count >= 1 && count < blocks.length))
    throw new UnsuitableModelError(
      `a fraction of ${fraction} is ${count} of the model's ${blocks.length} residual blocks: remove at least 1 and leave at least 1, which is from ${(0.5 / blocks.length).toFixed(3)} to under ${(1 - 0.5 / blocks.length).toFixed(3)}`,
    );
  const score = ({ name }: ResidualBlock) => importance.get(name) ?? Number.POSITIVE_INFINITY;
  return new Set([...blocks].sort((a, b) => score(a) - score(b)).slice(0, count));
}

const bytesOf = ({ weights }: ResidualBlock): number =>
  weights.reduce((sum, { tensor: { data } }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0), 0);

const decisionOf = (block: ResidualBlock, isGone: boolean): LayerDecision => ({
  layer: block.name,
  operator: block.sum.op,
  shape: staticShape(shapeOf(block.sum)) ?? [],
  bytesBefore: bytesOf(block),
  bytesAfter: isGone ? 0 : bytesOf(block),
  ...(isGone ? {} : { kept: 'the model changes more without it than without those that went' }),
});

/**
 * Leaves the least important residual blocks out: what read `x + f(x)` reads x. `UnsuitableModelError` where the model has no
 * two such blocks, or the fraction is none or all of them.
 */
export const pruneLayers = (pruning: LayerPruning): Pass => ({
  name: 'prune_layers',
  apply(given): Passed {
    const model = upgradeModel(given);
    const blocks = findResidualBlocks(model);
    const gone = leastImportant(blocks, pruning);
    const skips = new Map<Value, number>([...gone].map(({ sum, skip }) => [sum, skip]));
    const graph = rewrite(model.graph, (value, rebuilt) => {
      const skip = skips.get(value);
      return skip === undefined || rebuilt.kind !== 'operation' ? undefined : rebuilt.inputs[skip];
    });
    return { model: { ...model, graph }, layers: blocks.map((block) => decisionOf(block, gone.has(block))) };
  },
});
