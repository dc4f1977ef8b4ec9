import { attributeOf, floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue, OperationValue, Value } from '../../../shared/onnx/ir';
import { rankOf } from '../../../shared/onnx/shapes';
import { numbersOf } from './constant-numbers';

/** Whole numbers from one to before another. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** The range of so many that a number lies in, once in other terms: the inputs of a group by an output of it, for one. */
const sameGroup =
  (own: number, other: number) =>
  (index: number): Range => {
    const group = Math.floor(index / own);
    return { from: group * other, to: (group + 1) * other };
  };

/** A layer that multiplies the channels of its input by weights of the model and sums them up. */
export interface WeightLayer {
  readonly node: OperationValue;
  readonly x: Value | undefined;
  readonly weight: ConstantValue;
  /** One for each output, where the layer has them. */
  readonly bias: ArrayLike<number> | undefined;
  /** How many channels it reads, and how many it gives out. */
  readonly inputs: number;
  readonly outputs: number;
  /** The axis of the channels in what it reads and what it gives out. */
  readonly axis: number;
  /** Whether every place of the output sees all weights: a constant input gives a constant output, that is, and not only zeros. */
  readonly isWhole: boolean;
  /** The outputs that read an input. */
  readonly readersOf: (input: number) => Range;
  /** The inputs that an output reads. */
  readonly readBy: (output: number) => Range;
  /** Where the weights of an input for an output begin, and how many they are. */
  readonly place: (input: number, output: number) => number;
  readonly size: number;
}

type Recogniser = (node: OperationValue, weight: ConstantValue) => WeightLayer | undefined;

/** No padding: windows never reach beyond the image. */
function isUnpadded({ attributes }: OperationValue): boolean {
  const auto = attributeOf.string(attributes, 'auto_pad') ?? 'NOTSET';
  const pads = attributeOf.ints(attributes, 'pads') ?? [];
  return auto === 'VALID' || (auto === 'NOTSET' && pads.every((size) => size === 0));
}

/** A bias that the model holds, or none; undefined where it is computed. */
function biasOf(value: Value | undefined): { bias: ArrayLike<number> | undefined } | undefined {
  const bias = numbersOf(value);
  return value !== undefined && bias === undefined ? undefined : { bias };
}

const convolution: Recogniser = (node, weight) => {
  const { dims } = weight.tensor;
  const [outputs = 0, perGroup = 0] = dims;
  const groups = intAttribute(node.attributes, 'group', 1);
  const size = elementCount(dims.slice(2));
  const found = biasOf(node.inputs[2]);
  const each = outputs / groups;
  if (found === undefined) return undefined;
  return {
    ...found,
    node,
    weight,
    x: node.inputs[0],
    inputs: perGroup * groups,
    outputs,
    axis: 1,
    size,
    isWhole: isUnpadded(node),
    readersOf: sameGroup(perGroup, each),
    readBy: sameGroup(each, perGroup),
    place: (input, output) => (output * perGroup + (input % perGroup)) * size,
  };
};

/** Places of a transposed convolution see some of the weights only. */
const transposedConvolution: Recogniser = (node, weight) => {
  const { dims } = weight.tensor;
  const [inputs = 0, perGroup = 0] = dims;
  const groups = intAttribute(node.attributes, 'group', 1);
  const size = elementCount(dims.slice(2));
  const found = biasOf(node.inputs[2]);
  if (found === undefined) return undefined;
  return {
    ...found,
    node,
    weight,
    x: node.inputs[0],
    inputs,
    outputs: perGroup * groups,
    axis: 1,
    size,
    isWhole: false,
    readersOf: sameGroup(inputs / groups, perGroup),
    readBy: sameGroup(perGroup, inputs / groups),
    place: (input, output) => (input * perGroup + (output % perGroup)) * size,
  };
};

interface Matrix {
  readonly node: OperationValue;
  readonly weight: ConstantValue;
  readonly isTransposed: boolean;
  readonly axis: number;
}

function matrix({ node, weight, isTransposed, axis }: Matrix): WeightLayer | undefined {
  const [rows = 0, columns = 0] = weight.tensor.dims;
  const [inputs, outputs] = isTransposed ? [columns, rows] : [rows, columns];
  const found = biasOf(node.inputs[2]);
  const isRow = found?.bias === undefined || found.bias.length === outputs || found.bias.length === 1;
  if (found === undefined || !isRow || weight.tensor.dims.length !== 2) return undefined;
  const place = isTransposed
    ? (input: number, output: number) => output * columns + input
    : (input: number, output: number) => input * columns + output;
  const ranges = { readersOf: sameGroup(inputs, outputs), readBy: sameGroup(outputs, inputs) };
  const x = node.inputs[0];
  return { ...found, ...ranges, node, weight, x, inputs, outputs, axis, size: 1, isWhole: true, place };
}

/** Factors other than one are rare, and left alone. */
const gemm: Recogniser = (node, weight) => {
  const { attributes } = node;
  const isPlain =
    intAttribute(attributes, 'transA', 0) === 0 &&
    floatAttribute(attributes, 'alpha', 1) === 1 &&
    floatAttribute(attributes, 'beta', 1) === 1;
  const isTransposed = intAttribute(attributes, 'transB', 0) !== 0;
  return isPlain ? matrix({ node, weight, isTransposed, axis: 1 }) : undefined;
};

const matMul: Recogniser = (node, weight) => {
  const rank = rankOf(node);
  return rank === undefined || rank < 2
    ? undefined
    : matrix({ node, weight, isTransposed: false, axis: rank - 1 });
};

const recognisers: Readonly<Record<string, Recogniser>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  Gemm: gemm,
  MatMul: matMul,
};

/** The layer that a node is; undefined where its weights are not floats or doubles that the model holds. */
export function weightLayer(node: OperationValue): WeightLayer | undefined {
  const [, weight] = node.inputs;
  if (node.domain !== '' || !Object.hasOwn(recognisers, node.op)) return undefined;
  if (weight?.kind !== 'constant' || numbersOf(weight) === undefined) return undefined;
  return recognisers[node.op]?.(node, weight);
}

/** The sum of the weights that an output has for an input. */
export function weightSum(layer: WeightLayer, input: number, output: number): number {
  const numbers = numbersOf(layer.weight) ?? [];
  const from = layer.place(input, output);
  let sum = 0;
  for (let at = from; at < from + layer.size; at++) sum += numbers[at] ?? 0;
  return sum;
}

/** All weights that an output has for an input are zero. */
export function isUnread(layer: WeightLayer, input: number, output: number): boolean {
  const numbers = numbersOf(layer.weight) ?? [];
  const from = layer.place(input, output);
  for (let at = from; at < from + layer.size; at++) if (numbers[at] !== 0) return false;
  return true;
}
