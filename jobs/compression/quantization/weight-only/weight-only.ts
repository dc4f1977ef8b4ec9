import type { StepOf } from '../../../../shared/contracts/compression/step-spec';
import { intAttribute } from '../../../../shared/onnx/attributes';
import type { ConstantValue } from '../../../../shared/onnx/ir';
import { countOf, type RecipeOf } from '../choose-layers';
import { readDecoded } from '../read-decoded';
import { numbersOf } from '../store-weights';
import { weightInputs } from '../weight-inputs';
import { type WeightPass, weightPass } from '../weight-pass';
import { operatorName, type Weight, type WeightedLayer } from '../weighted-layers';
import { type Blocks, blockBytes, decodedBlocks, inBlocks, type Rows } from './blocks';
import { multiplyBlocks } from './multiply-blocks';
import type { BlockForm } from './quantize-blocks';

type Step = StepOf<'weight_only'>;
export type WeightOnlySettings = Omit<Step, 'name'>;

/** How a weight is cut into rows: as it is stored, turned, or all in one. */
type Cut = 'rows' | 'columns' | 'whole';

/** Blocks for which MatMulNBits has a quick kernel; for others its weights are decoded on each call. */
const kernelBlocks: Readonly<Record<Step['bits'], readonly number[]>> = {
  8: [16, 32, 64, 128, 256],
  4: [16, 32, 64, 128, 256],
  2: [32, 64, 128],
};

/** Scales included; above it, scales and filling take what fewer bits give back. */
const largestShare = 0.35;

/**
 * Weights in blocks of 8, 4 or 2 bits, each block with its own scale. MatMul and Gemm become MatMulNBits, which computes with
 * them as they are; the weights of other operators are decoded by the runtime when it loads the model, so that they compute in
 * floats, as fast as before and in as much memory.
 */
export const weightOnly = (settings: WeightOnlySettings): WeightPass =>
  weightPass({
    name: 'weight_only',
    // BitwiseAnd came with 18.
    oldestOpset: 18,
    keep: settings.keep,
    largestShare,
    weightInputs,
    recipes: (layers) => blockRecipes(layers, settings),
  });

/** Of its length, that a row may grow by when its last block is filled up. */
const mostFilling = 1.2;

/** How a product would have its weights; undefined where it has to read floats. */
function cutFor({ node }: WeightedLayer, weight: Weight, form: BlockForm): Cut | undefined {
  const isProduct = ['MatMul', 'Gemm'].includes(operatorName(node)) && weight.input === 1;
  if (!isProduct || weight.constant.tensor.dims.length !== 2 || !kernelBlocks[form.bits].includes(form.block))
    return undefined;
  const flagged = node.op === 'Gemm' && intAttribute(node.attributes, 'transB', 0) !== 0;
  const cut = flagged === weight.turned ? 'columns' : 'rows';
  const sizes = rowsOf(weight.constant, cut);
  const { block } = fitted(form, sizes);
  return Math.ceil(sizes.length / block) * block <= mostFilling * sizes.length ? cut : undefined;
}

/** Columns serve products alone; rows can be decoded as well. */
function chooseCuts(layers: readonly WeightedLayer[], form: BlockForm): ReadonlyMap<ConstantValue, Cut> {
  const wanted = new Map<ConstantValue, Set<Cut | undefined>>();
  for (const layer of layers)
    for (const weight of layer.weights) {
      const known = wanted.get(weight.constant) ?? new Set();
      wanted.set(weight.constant, known.add(cutFor(layer, weight, form)));
    }
  return new Map(
    [...wanted].map(([constant, cuts]) => {
      if (cuts.has('rows')) return [constant, 'rows'];
      return [constant, cuts.has('columns') && cuts.size === 1 ? 'columns' : 'whole'];
    }),
  );
}

function rowsOf(constant: ConstantValue, cut: Cut): Rows {
  const [first = 1, second = 1] = constant.tensor.dims;
  if (cut === 'whole') return { rows: 1, length: countOf(constant) };
  return cut === 'rows' ? { rows: first, length: second } : { rows: second, length: first };
}

/** Blocks longer than a row would be mostly filling. */
const fitted = (form: BlockForm, { length }: Rows): BlockForm => {
  const fits = kernelBlocks[form.bits].find((block) => block >= length);
  return fits === undefined || fits > form.block ? form : { ...form, block: fits };
};

function turned(values: Float32Array, { rows, length }: Rows): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < length; at++) result[row * length + at] = values[at * rows + row] ?? 0;
  return result;
}

function encode(constant: ConstantValue, cut: Cut, form: BlockForm): Blocks {
  const sizes = rowsOf(constant, cut);
  const values = numbersOf(constant);
  return inBlocks(constant, cut === 'columns' ? turned(values, sizes) : values, {
    ...sizes,
    ...fitted(form, sizes),
  });
}

function blockRecipes(layers: readonly WeightedLayer[], form: BlockForm): RecipeOf {
  const cuts = chooseCuts(layers, form);
  const cutOf = (constant: ConstantValue): Cut => cuts.get(constant) ?? 'whole';
  const made = new Map<ConstantValue, Blocks>();
  const blocksOf = (constant: ConstantValue): Blocks => {
    const blocks = made.get(constant) ?? encode(constant, cutOf(constant), form);
    made.set(constant, blocks);
    return blocks;
  };
  return (layer) => ({
    encodings: layer.weights.map(({ constant }) => cutOf(constant)),
    bytes: layer.weights.map(({ constant }) => {
      const sizes = rowsOf(constant, cutOf(constant));
      return blockBytes(sizes, fitted(form, sizes));
    }),
    build: (node) => {
      const [weight] = layer.weights;
      const computes = cutFor(layer, weight, form) === cutOf(weight.constant);
      return computes
        ? multiplyBlocks(node, blocksOf(weight.constant))
        : readDecoded(node, layer, (constant) => decodedBlocks(blocksOf(constant), constant.tensor.dims));
    },
  });
}
