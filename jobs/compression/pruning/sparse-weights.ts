import { intAttribute } from '../../../shared/onnx/attributes';
import type { ConstantValue, Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { everyValue } from '../../../shared/onnx/walk';
import { layerNames } from '../layer-names';
import { weightNumbers } from './weight-numbers';

/** A weight that can have zeros in it, and the axis that products are summed along. */
export interface SparseWeight {
  /** Of the layer that reads it; unique within the model. */
  readonly name: string;
  readonly weight: ConstantValue;
  readonly node: OperationValue;
  readonly summed: number;
}

type Summed = (node: OperationValue, rank: number) => number;

const flag = (node: OperationValue, name: string) => intAttribute(node.attributes, name, 0) !== 0;
const left =
  (name: string): Summed =>
  (node, rank) =>
    flag(node, name) ? rank - 2 : rank - 1;
const right =
  (name: string): Summed =>
  (node, rank) =>
    flag(node, name) ? rank - 1 : rank - 2;

const product = { 0: left('transA'), 1: right('transB') };
const recurrent = { 1: () => 2, 2: () => 2 };

/** Where the weights of each operator stand, and which of their axes is summed over. */
const places: Readonly<Record<string, Readonly<Record<string, Readonly<Record<number, Summed>>>>>> = {
  '': {
    MatMul: product,
    Gemm: product,
    Conv: { 1: () => 1 },
    ConvTranspose: { 1: () => 0 },
    LSTM: recurrent,
    GRU: recurrent,
    RNN: recurrent,
  },
  'com.microsoft': { FusedMatMul: product, Attention: { 1: () => 0 } },
};

/** What a weight goes through without being changed, but for axes of one index. */
const copies = new Set(['Identity', 'Unsqueeze', 'Squeeze']);

function constantBehind(value: Value | undefined): ConstantValue | undefined {
  let at = value;
  while (at?.kind === 'operation' && at.domain === '' && copies.has(at.op)) at = at.inputs[0];
  return at?.kind === 'constant' ? at : undefined;
}

function weightsOf(node: OperationValue): readonly Omit<SparseWeight, 'name'>[] {
  const own = Object.hasOwn(places, node.domain) ? places[node.domain] : undefined;
  const table = own !== undefined && Object.hasOwn(own, node.op) ? own[node.op] : undefined;
  return Object.entries(table ?? {}).flatMap(([place, summed]) => {
    const given = node.inputs[Number(place)];
    const weight = constantBehind(given);
    const rank = given?.type.kind === 'tensor' ? given.type.shape?.length : undefined;
    if (weight === undefined || rank === undefined || weight.tensor.dims.length < 2) return [];
    const fromBack = rank - summed(node, rank);
    const axis = weight.tensor.dims.length - fromBack;
    return weightNumbers(weight) === undefined || axis < 0 ? [] : [{ weight, node, summed: axis }];
  });
}

/** Every matrix and kernel of a model, in bodies too, each once, in topological order. */
export function findSparseWeights({ graph }: Model): readonly SparseWeight[] {
  const names = layerNames(graph);
  const found = new Map<ConstantValue, SparseWeight>();
  for (const value of everyValue(graph.outputs.map((given) => given.value))) {
    if (value.kind !== 'operation') continue;
    for (const [index, each] of weightsOf(value).entries()) {
      const layer = names.get(value) ?? value.op;
      const name = index === 0 ? layer : `${layer} (${index + 1})`;
      if (!found.has(each.weight)) found.set(each.weight, { ...each, name });
    }
  }
  return [...found.values()];
}
