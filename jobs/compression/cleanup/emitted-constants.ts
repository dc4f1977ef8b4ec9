import { attributeOf, floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { elementCount } from '../../../shared/onnx/element-types';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { rankOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { scalingOf } from './channel-scaling';
import { numbersOf } from './constant-numbers';
import { mayDrop } from './deterministic';
import { isUnread, type WeightLayer, weightLayer, weightSum } from './weight-layer';

/** What each channel of a value is everywhere, whatever the model is given; undefined for channels that vary. */
export interface Emitted {
  readonly axis: number;
  readonly numbers: readonly (number | undefined)[];
}

type EmittedOf = (value: Value | undefined) => Emitted | undefined;
type Rule = (node: OperationValue, of: EmittedOf) => Emitted | undefined;

type Compute = (number: number, node: OperationValue) => number | undefined;

const mapped =
  (compute: Compute): Rule =>
  (node, of) => {
    const x = of(node.inputs[0]);
    return x && { ...x, numbers: x.numbers.map((each) => (each === undefined ? each : compute(each, node))) };
  };

const unchanged: Compute = (number) => number;

/** Operators of which only this is known: they make zero of zero. */
const zeroToZero: Compute = (number) => (number === 0 ? 0 : undefined);

const bound = (node: OperationValue, at: number, name: string): number | undefined =>
  numbersOf(node.inputs[at])?.[0] ?? attributeOf.float(node.attributes, name);

const clip: Compute = (number, node) => {
  const [low, high] = [bound(node, 1, 'min'), bound(node, 2, 'max')];
  const isComputed = [low, high].some((each, at) => each === undefined && node.inputs[at + 1] !== undefined);
  if (isComputed) return undefined;
  return Math.min(Math.max(number, low ?? Number.NEGATIVE_INFINITY), high ?? Number.POSITIVE_INFINITY);
};

const sigmoid = (number: number): number => 1 / (1 + Math.exp(-number));

const hardSigmoid = (number: number, alpha: number, beta: number): number =>
  Math.min(1, Math.max(0, alpha * number + beta));

/** A mean over a window that hangs over the border counts what lies beyond as zero, or not at all. */
const averaged: Compute = (number, { attributes }) => {
  const isExact =
    intAttribute(attributes, 'count_include_pad', 0) === 0 && intAttribute(attributes, 'ceil_mode', 0) === 0;
  return isExact || number === 0 ? number : undefined;
};

/** Element by element, or over a window of one channel. */
const computes: Readonly<Record<string, Compute>> = {
  Identity: unchanged,
  Relu: (number) => Math.max(0, number),
  LeakyRelu: (number, { attributes }) =>
    number < 0 ? number * floatAttribute(attributes, 'alpha', 0.01) : number,
  Sigmoid: sigmoid,
  Tanh: Math.tanh,
  Abs: Math.abs,
  Neg: (number) => -number,
  Exp: Math.exp,
  Softplus: (number) => Math.log1p(Math.exp(number)),
  HardSigmoid: (number, { attributes }) =>
    hardSigmoid(number, floatAttribute(attributes, 'alpha', 0.2), floatAttribute(attributes, 'beta', 0.5)),
  HardSwish: (number) => number * hardSigmoid(number, 1 / 6, 0.5),
  Elu: (number, { attributes }) =>
    number < 0 ? floatAttribute(attributes, 'alpha', 1) * Math.expm1(number) : number,
  Clip: clip,
  Erf: zeroToZero,
  Gelu: zeroToZero,
  Selu: zeroToZero,
  Mish: zeroToZero,
  Softsign: zeroToZero,
  Sqrt: zeroToZero,
  PRelu: zeroToZero,
  GlobalAveragePool: unchanged,
  GlobalMaxPool: unchanged,
  MaxPool: unchanged,
  AveragePool: averaged,
};

const dropout: Rule = (node, of) => (mayDrop(node) ? undefined : of(node.inputs[0]));

/** What a layer gives out for an output whose weights are zero wherever its input varies. */
function emittedBy(layer: WeightLayer, x: Emitted | undefined, output: number): number | undefined {
  let sum = layer.bias?.[layer.bias.length === 1 ? 0 : output] ?? 0;
  const { from, to } = layer.readBy(output);
  for (let input = from; input < to; input++) {
    if (isUnread(layer, input, output)) continue;
    const number = x?.numbers[input];
    if (number === undefined || (number !== 0 && !layer.isWhole)) return undefined;
    if (number !== 0) sum += number * weightSum(layer, input, output);
  }
  return sum;
}

const layered: Rule = (node, of) => {
  const layer = weightLayer(node);
  if (layer === undefined) return undefined;
  const x = of(layer.x);
  const fits = x?.axis === layer.axis && x.numbers.length === layer.inputs ? x : undefined;
  const numbers = Array.from({ length: layer.outputs }, (_, output) => emittedBy(layer, fits, output));
  return { axis: layer.axis, numbers };
};

/** Arithmetic with a constant per channel, and BatchNormalization. */
const scaled: Rule = (node, of) => {
  for (const input of node.inputs.slice(0, 2)) {
    const x = of(input);
    const channels = x && { count: x.numbers.length, axis: x.axis, rank: rankOf(input) };
    const scaling = channels && scalingOf(node, channels);
    if (x === undefined || scaling === undefined || scaling.x !== input) continue;
    const { scale, shift } = scaling;
    const numbers = x.numbers.map((number, channel) =>
      number === undefined ? undefined : number * (scale[channel] ?? 1) + (shift[channel] ?? 0),
    );
    return { axis: x.axis, numbers };
  }
  return undefined;
};

/** Arithmetic of two values that have the same channels. */
const joined =
  (compute: (a: number, b: number) => number): Rule =>
  (node, of) => {
    const [left, right] = node.inputs;
    const [a, b] = [of(left), of(right)];
    if (a === undefined || b === undefined) return scaled(node, of);
    const fits = a.axis === b.axis && rankOf(left) === rankOf(right) && a.numbers.length === b.numbers.length;
    if (!fits || rankOf(left) === undefined) return undefined;
    const numbers = a.numbers.map((number, at) => {
      const other = b.numbers[at];
      return number === undefined || other === undefined ? undefined : compute(number, other);
    });
    return { axis: a.axis, numbers };
  };

const concatenated: Rule = (node, of) => {
  const rank = rankOf(node);
  const axis = intAttribute(node.attributes, 'axis', 1);
  if (rank === undefined) return undefined;
  const along = axis < 0 ? axis + rank : axis;
  const parts = node.inputs.map((value) => {
    const found = of(value);
    const size = shapeOf(value)?.[along];
    if (found?.axis === along) return found.numbers;
    return typeof size === 'number' ? new Array<undefined>(size).fill(undefined) : undefined;
  });
  return parts.every((part) => part !== undefined) ? { axis: along, numbers: parts.flat() } : undefined;
};

/** From images `[batch, channels, …]` to rows `[batch, features]`: each channel becomes as many features as it has places. */
const flattened: Rule = (node, of) => {
  const x = of(node.inputs[0]);
  const places = staticShape(shapeOf(node.inputs[0])?.slice(2));
  const shape = shapeOf(node);
  if (x?.axis !== 1 || places === undefined || shape?.length !== 2) return undefined;
  const each = elementCount(places);
  if (shape[1] !== x.numbers.length * each) return undefined;
  return {
    axis: 1,
    numbers: x.numbers.flatMap((number) => new Array<number | undefined>(each).fill(number)),
  };
};

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.entries(computes).map(([op, compute]) => [op, mapped(compute)])),
  Dropout: dropout,
  Conv: layered,
  ConvTranspose: layered,
  Gemm: layered,
  MatMul: layered,
  BatchNormalization: scaled,
  Add: joined((a, b) => a + b),
  Sub: joined((a, b) => a - b),
  Mul: joined((a, b) => a * b),
  Div: scaled,
  Concat: concatenated,
  Flatten: flattened,
  Reshape: flattened,
};

/** The channels that are the same number everywhere, of each value of a graph that has such; values in their order. */
export function emittedConstants(order: readonly Value[]): ReadonlyMap<Value, Emitted> {
  const found = new Map<Value, Emitted>();
  const of: EmittedOf = (value) => value && found.get(value);
  for (const value of order) {
    if (value.kind !== 'operation' || value.domain !== '' || value.types.length !== 1) continue;
    const emitted = Object.hasOwn(rules, value.op) ? rules[value.op]?.(value, of) : undefined;
    const numbers = emitted?.numbers.map((number) => (Number.isFinite(number) ? number : undefined));
    if (emitted !== undefined && numbers?.some((number) => number !== undefined))
      found.set(value, { ...emitted, numbers });
  }
  return found;
}
