import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue, Graph, OperationValue, Value } from '../../../shared/onnx/ir';
import { consumersOf } from '../../../shared/onnx/walk';
import { turnedMatrix, type WeightedLayer } from './weighted-layers';

/** How the weights of a layer are stored, and how the layer computes with them. */
export interface LayerRecipe {
  /** One for each weight: layers that share a weight have to agree. */
  readonly encodings: readonly string[];
  /** What each weight takes afterwards, with what decodes it. */
  readonly bytes: readonly number[];
  /** What stands in the node's place; the node is given over its rewritten inputs. */
  readonly build: (node: OperationValue) => Value;
}

/** A recipe, or why there is none. */
export type RecipeOf = (layer: WeightedLayer) => LayerRecipe | string;

/** What becomes of each layer: its recipe, or why it stays as it is. */
export type Choices = ReadonlyMap<WeightedLayer, LayerRecipe | string>;

export interface Choosing {
  readonly graph: Graph;
  readonly layers: readonly WeightedLayer[];
  readonly keep: readonly string[];
  /** Of its bytes, that a layer may still take. */
  readonly largestShare: number;
  readonly recipeOf: RecipeOf;
}

/** Below this, the nodes that decode take more bytes and time than the weights give back. */
const fewestWeights = 512;

export const countOf = ({ tensor }: ConstantValue): number => elementCount(tensor.dims);

export const floatBytes = (constant: ConstantValue): number => countOf(constant) * 4;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

function unsuitedWeights({ weights }: WeightedLayer): string | undefined {
  const tensors = weights.map(({ constant }) => constant.tensor);
  const other = tensors.find(({ elementType }) => elementType !== 'float');
  if (other !== undefined) return `its weights are ${other.elementType}: only float is compressed`;
  const count = sum(weights.map(({ constant }) => countOf(constant)));
  if (count < fewestWeights) return `${count} weights are too few to gain: under ${fewestWeights}`;
  const finite = tensors.every(({ data }) => data instanceof Float32Array && data.every(Number.isFinite));
  return finite ? undefined : 'it holds NaN or infinity';
}

function chooseAlone(layer: WeightedLayer, { keep, largestShare, recipeOf }: Choosing): LayerRecipe | string {
  if (keep.includes(layer.name)) return 'asked for';
  const unsuited = unsuitedWeights(layer);
  if (unsuited !== undefined) return unsuited;
  const recipe = recipeOf(layer);
  if (typeof recipe === 'string') return recipe;
  const share = sum(recipe.bytes) / sum(layer.weights.map(({ constant }) => floatBytes(constant)));
  return share <= largestShare
    ? recipe
    : `with its scales it would still take ${share.toFixed(2)} of its bytes: over ${largestShare}`;
}

/** Who reads a constant, straight or through a Transpose that swaps its axes. */
function readersIn(graph: Graph): (constant: ConstantValue) => readonly (Value | 'output')[] {
  const roots: readonly Value[] = graph.outputs.map(({ value }) => value);
  const consumers = consumersOf(roots);
  const direct = (value: Value): readonly (Value | 'output')[] => [
    ...(consumers.get(value) ?? []),
    ...(roots.includes(value) ? ['output' as const] : []),
  ];
  return (constant) =>
    direct(constant).flatMap((reader) =>
      reader !== 'output' && turnedMatrix(reader) === constant ? direct(reader) : [reader],
    );
}

const timesRead = ({ inputs }: OperationValue, constant: ConstantValue): number =>
  inputs.filter((value) => value === constant || turnedMatrix(value) === constant).length;

interface Use {
  readonly layer: WeightedLayer;
  readonly at: number;
}

function usesByWeight(layers: readonly WeightedLayer[]): ReadonlyMap<ConstantValue, readonly Use[]> {
  const uses = new Map<ConstantValue, Use[]>();
  for (const layer of layers)
    for (const [at, { constant }] of layer.weights.entries()) {
      const known = uses.get(constant) ?? [];
      uses.set(constant, known);
      known.push({ layer, at });
    }
  return uses;
}

const nameOfReader = (reader: Value | 'output'): string => {
  if (reader === 'output') return "the model's outputs";
  return reader.kind === 'operation' ? reader.op : reader.kind;
};

/**
 * Which layers are compressed, and why the others are not. A weight is stored once, so that layers that share it are
 * compressed together or not at all.
 */
export function chooseLayers(choosing: Choosing): Choices {
  const { graph, layers } = choosing;
  const choices = new Map<WeightedLayer, LayerRecipe | string>(
    layers.map((layer) => [layer, chooseAlone(layer, choosing)]),
  );
  const readers = readersIn(graph);
  const uses = usesByWeight(layers);
  const reasonOfWeight = (constant: ConstantValue, shared: readonly Use[]): string | undefined => {
    const own = new Map<Value | 'output', WeightedLayer>(shared.map(({ layer }) => [layer.node, layer]));
    const other = readers(constant).find((reader) => !own.has(reader));
    if (other !== undefined) return `also read as floats, by ${nameOfReader(other)}`;
    const staying = shared.find(({ layer }) => typeof choices.get(layer) === 'string');
    if (staying !== undefined) return `shared with '${staying.layer.name}', which stays as it is`;
    const twice = shared.find(
      ({ layer }) =>
        timesRead(layer.node, constant) > layer.weights.filter((each) => each.constant === constant).length,
    );
    if (twice !== undefined) return `also read as floats, by ${twice.layer.node.op}`;
    const encodings = shared.map(({ layer, at }) => {
      const choice = choices.get(layer);
      return typeof choice === 'object' ? choice.encodings[at] : undefined;
    });
    return new Set(encodings).size > 1 ? 'shared by layers that read it in different ways' : undefined;
  };
  for (let settled = false; !settled; ) {
    settled = true;
    for (const [constant, shared] of uses) {
      const reason = reasonOfWeight(constant, shared);
      const taken = shared.filter(({ layer }) => typeof choices.get(layer) === 'object');
      if (reason === undefined || taken.length === 0) continue;
      for (const { layer } of taken) choices.set(layer, reason);
      settled = false;
    }
  }
  return choices;
}
