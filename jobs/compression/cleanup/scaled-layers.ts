import { floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { constant, operation } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue, OperationValue, Value } from '../../../shared/onnx/ir';
import { rankOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { type ChannelScaling, type Channels, scalingOf } from './channel-scaling';
import { constantLike, numbersOf } from './constant-numbers';

type Scaling = Pick<ChannelScaling, 'scale' | 'shift'>;

/** A layer whose weights can take up what is done to its channels next. */
export interface ScalableLayer {
  readonly channels: Channels;
  /** The nodes that the layer is made of, the last of which gives its result. */
  readonly nodes: readonly OperationValue[];
  readonly weight: ConstantValue;
  /** The same for the layer that gives the scaled result; undefined where a weight would leave the range of its type. */
  readonly scaled: (scaling: Scaling) => readonly OperationValue[] | undefined;
}

type Recogniser = (node: OperationValue) => ScalableLayer | undefined;

const isConstant = (value: Value | undefined): value is ConstantValue => value?.kind === 'constant';

/** The constant with each element put through a function; undefined where that overflows. */
function mapNumbers(
  value: ConstantValue,
  compute: (number: number, at: number) => number,
): ConstantValue | undefined {
  const numbers = numbersOf(value) ?? [];
  const results = new Float64Array(numbers.length);
  for (let at = 0; at < results.length; at++) results[at] = compute(numbers[at] ?? 0, at);
  const mapped = constantLike(value, value.tensor.dims, results);
  return numbersOf(mapped)?.every(Number.isFinite) ? mapped : undefined;
}

const isOne = (number: number): boolean => number === 1;

/** Weights with each times the factor of its channel; the same ones where all factors are one. */
const scaledWeight = (
  weight: ConstantValue,
  scale: readonly number[],
  channelOf: (place: number) => number,
): ConstantValue | undefined =>
  scale.every(isOne)
    ? weight
    : mapNumbers(weight, (number, place) => number * (scale[channelOf(place)] ?? 1));

/** A bias of one number per channel, in the type of another constant; undefined where that overflows. */
function newBias(
  like: ConstantValue,
  named: Value | undefined,
  numbers: readonly number[],
): ConstantValue | undefined {
  const { tensor } = constantLike(like, [numbers.length], Float64Array.from(numbers));
  const made = constant(tensor, named?.kind === 'constant' ? named.name : undefined);
  return numbersOf(made)?.every(Number.isFinite) ? made : undefined;
}

const at = (numbers: ArrayLike<number> | undefined, index: number, missing: number): number =>
  numbers?.[numbers.length === 1 ? 0 : index] ?? missing;

/** Weights `[out, in / groups, …]` of Conv, `[in, out / groups, …]` of ConvTranspose. */
const outputChannels: Readonly<
  Record<string, (dims: readonly number[], groups: number) => (at: number) => number>
> = {
  Conv: (dims) => {
    const each = elementCount(dims.slice(1));
    return (place) => Math.floor(place / each);
  },
  ConvTranspose: (dims, groups) => {
    const [rows = 1, columns = 1] = dims;
    const inner = elementCount(dims.slice(2));
    return (place) => {
      const row = Math.floor(place / inner / columns);
      return Math.floor(row / (rows / groups)) * columns + (Math.floor(place / inner) % columns);
    };
  },
};

const convolution: Recogniser = (node) => {
  const [x, weight, bias] = node.inputs;
  if (!isConstant(weight) || numbersOf(weight) === undefined) return undefined;
  if (bias !== undefined && numbersOf(bias) === undefined) return undefined;
  const groups = intAttribute(node.attributes, 'group', 1);
  const { dims } = weight.tensor;
  const count = node.op === 'Conv' ? (dims[0] ?? 0) : (dims[1] ?? 0) * groups;
  const channelOf = outputChannels[node.op]?.(dims, groups);
  if (channelOf === undefined) return undefined;
  const scaled = ({ scale, shift }: Scaling) => {
    const weights = scaledWeight(weight, scale, channelOf);
    const sums = shift.map((sum, channel) => at(numbersOf(bias), channel, 0) * (scale[channel] ?? 1) + sum);
    const needsBias = bias !== undefined || sums.some((sum) => sum !== 0);
    const shifted = needsBias ? newBias(weight, bias, sums) : undefined;
    if (weights === undefined || (needsBias && shifted === undefined)) return undefined;
    const inputs = shifted === undefined ? [x, weights] : [x, weights, shifted];
    return [operation(node.op, inputs, node.attributes)];
  };
  return { channels: { count, axis: 1, rank: dims.length }, nodes: [node], weight, scaled };
};

/** One number for each column, whatever the row. */
const isRow = (dims: readonly number[]): boolean => dims.slice(0, -1).every((size) => size === 1);

const gemm: Recogniser = (node) => {
  const [x, weight, bias] = node.inputs;
  const { alpha, transA, transB } = node.attributes;
  if (!isConstant(weight) || numbersOf(weight) === undefined) return undefined;
  const isKnownBias = numbersOf(bias) !== undefined && isRow(staticShape(shapeOf(bias)) ?? [2, 2]);
  if (bias !== undefined && !isKnownBias) return undefined;
  const isTransposed = intAttribute(node.attributes, 'transB', 0) !== 0;
  const [rows = 1, columns = 1] = weight.tensor.dims;
  const count = isTransposed ? rows : columns;
  const beta = floatAttribute(node.attributes, 'beta', 1);
  const kept = Object.fromEntries(
    Object.entries({ alpha, transA, transB }).flatMap(([name, found]) => (found ? [[name, found]] : [])),
  );
  const scaled = ({ scale, shift }: Scaling) => {
    const channelOf = (place: number) => (isTransposed ? Math.floor(place / columns) : place % columns);
    const weights = scaledWeight(weight, scale, channelOf);
    const own = numbersOf(bias);
    const sums = shift.map((sum, channel) => beta * at(own, channel, 0) * (scale[channel] ?? 1) + sum);
    const shifted = newBias(weight, bias, sums);
    if (weights === undefined || shifted === undefined) return undefined;
    return [operation('Gemm', [x, weights, shifted], kept)];
  };
  return { channels: { count, axis: 1, rank: 2 }, nodes: [node], weight, scaled };
};

const isMatMul = (value: Value | undefined): value is OperationValue =>
  value?.kind === 'operation' && value.domain === '' && value.op === 'MatMul';

/** A product with a matrix, whose columns are the channels of the last axis. */
function product(node: OperationValue): { x: Value; weight: ConstantValue; channels: Channels } | undefined {
  const [x, weight] = node.inputs;
  const rank = rankOf(node);
  if (x === undefined || !isConstant(weight) || numbersOf(weight) === undefined) return undefined;
  const { dims } = weight.tensor;
  if (dims.length !== 2 || rank === undefined || rank === 0) return undefined;
  return { x, weight, channels: { count: dims[1] ?? 0, axis: rank - 1, rank } };
}

/** An Add of what is added already would be no gain, so a product alone takes up factors only. */
const matMul: Recogniser = (node) => {
  const found = product(node);
  if (found === undefined) return undefined;
  const { x, weight, channels } = found;
  const scaled = ({ scale, shift }: Scaling) => {
    const weights = scale.every(isOne)
      ? undefined
      : scaledWeight(weight, scale, (place) => place % channels.count);
    if (weights === undefined) return undefined;
    const multiplied = operation('MatMul', [x, weights]);
    if (shift.every((sum) => sum === 0)) return [multiplied];
    const bias = newBias(weight, undefined, shift);
    return bias && [multiplied, operation('Add', [multiplied, bias])];
  };
  return { channels, nodes: [node], weight, scaled };
};

/** A product and the Add of its bias. */
const biasedMatMul: Recogniser = (node) => {
  const [a, b] = node.inputs;
  const [multiplied, bias] = isMatMul(a) ? [a, b] : [b, a];
  const found = isMatMul(multiplied) ? product(multiplied) : undefined;
  if (found === undefined || !isMatMul(multiplied)) return undefined;
  const { x, weight, channels } = found;
  const added = scalingOf(node, channels);
  if (added === undefined || !isConstant(bias)) return undefined;
  const scaled = ({ scale, shift }: Scaling) => {
    const weights = scaledWeight(weight, scale, (place) => place % channels.count);
    const sums = shift.map((sum, channel) => (added.shift[channel] ?? 0) * (scale[channel] ?? 1) + sum);
    const shifted = newBias(weight, bias, sums);
    if (weights === undefined || shifted === undefined) return undefined;
    const product = operation('MatMul', [x, weights]);
    return [product, operation('Add', [product, shifted])];
  };
  return { channels, nodes: [multiplied, node], weight, scaled };
};

/** A normalization that has nothing before it to be folded into takes up what comes after it. */
const normalization: Recogniser = (node) => {
  const [x, factor, sum, ...statistics] = node.inputs;
  const isFixed = intAttribute(node.attributes, 'training_mode', 0) === 0 && node.types.length === 1;
  if (!isFixed || !isConstant(factor) || !isConstant(sum)) return undefined;
  const [factors, sums] = [numbersOf(factor), numbersOf(sum)];
  if (factors === undefined || sums === undefined || factors.length !== sums.length) return undefined;
  const count = factors.length;
  const scaled = ({ scale, shift }: Scaling) => {
    const multiplied = mapNumbers(factor, (number, channel) => number * (scale[channel] ?? 1));
    const added = mapNumbers(
      sum,
      (number, channel) => number * (scale[channel] ?? 1) + (shift[channel] ?? 0),
    );
    if (multiplied === undefined || added === undefined) return undefined;
    return [operation(node.op, [x, multiplied, added, ...statistics], node.attributes)];
  };
  return { channels: { count, axis: 1, rank: rankOf(x) }, nodes: [node], weight: factor, scaled };
};

const recognisers: Readonly<Record<string, Recogniser>> = {
  Conv: convolution,
  ConvTranspose: convolution,
  Gemm: gemm,
  MatMul: matMul,
  Add: biasedMatMul,
  BatchNormalization: normalization,
};

/** The layer that a node gives the result of; undefined where its weights are not floats or doubles that the model holds. */
export const scalableLayer: Recogniser = (node) =>
  node.domain === '' && Object.hasOwn(recognisers, node.op) ? recognisers[node.op]?.(node) : undefined;
