import { floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { numbersOf } from './constant-numbers';

/** A value with each channel multiplied by a number, and another added: `y[c] = x[c] * scale[c] + shift[c]`. */
export interface ChannelScaling {
  readonly x: Value;
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** Where the channels of a value lie. */
export interface Channels {
  readonly count: number;
  readonly axis: number;
  /** Undefined: unknown, and at least `axis + 1`. */
  readonly rank: number | undefined;
}

type Numbers = ArrayLike<number>;

const at = (numbers: Numbers, channel: number): number => numbers[numbers.length === 1 ? 0 : channel] ?? 0;

/**
 * A constant as one number per channel: its sizes are ones but for the channels' axis, and broadcasting leaves the other value's
 * shape as it is.
 */
function perChannel(value: Value | undefined, channels: Channels): readonly number[] | undefined {
  const [numbers, dims] = [numbersOf(value), shapeOf(value)];
  const { count, axis, rank } = channels;
  if (numbers === undefined || dims === undefined) return undefined;
  if (rank === undefined ? dims.length > 0 : dims.length > rank) return undefined;
  const lead = (rank ?? 0) - dims.length;
  const fits = dims.every((size, own) => size === 1 || (own + lead === axis && size === count));
  return fits ? Array.from({ length: count }, (_, channel) => at(numbers, channel)) : undefined;
}

type Reader = (node: OperationValue, channels: Channels) => ChannelScaling | undefined;

/** ONNX BatchNormalization-15 outside training: `(x - mean) / sqrt(variance + epsilon) * scale + shift`, over axis 1. */
const normalization: Reader = ({ inputs, attributes, types }, { count, axis }) => {
  const [x, ...parameters] = inputs;
  const [scale, shift, mean, variance] = parameters.map(numbersOf);
  const isFixed = intAttribute(attributes, 'training_mode', 0) === 0 && types.length === 1;
  const isWhole = intAttribute(attributes, 'spatial', 1) !== 0;
  if (!isFixed || !isWhole || axis !== 1 || x === undefined) return undefined;
  if (scale === undefined || shift === undefined || mean === undefined || variance === undefined)
    return undefined;
  if ([scale, shift, mean, variance].some(({ length }) => length !== count)) return undefined;
  const epsilon = floatAttribute(attributes, 'epsilon', 1e-5);
  const factors = Array.from(scale, (each, channel) => each / Math.sqrt((variance[channel] ?? 0) + epsilon));
  const sums = Array.from(shift, (each, channel) => each - (mean[channel] ?? 0) * (factors[channel] ?? 0));
  return { x, scale: factors, shift: sums };
};

const ones = (count: number): number[] => new Array<number>(count).fill(1);
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

type Affine = (numbers: readonly number[]) => Pick<ChannelScaling, 'scale' | 'shift'>;

const adding: Affine = (shift) => ({ scale: ones(shift.length), shift });
const multiplying: Affine = (scale) => ({ scale, shift: zeros(scale.length) });

/** Arithmetic with a constant to the right of the value, or to the left of it. */
const withConstant =
  (right: Affine, left?: Affine): Reader =>
  ({ inputs: [a, b] }, channels) => {
    const onRight = perChannel(b, channels);
    if (a !== undefined && onRight !== undefined) return { x: a, ...right(onRight) };
    const onLeft = left && perChannel(a, channels);
    return b !== undefined && left !== undefined && onLeft !== undefined
      ? { x: b, ...left(onLeft) }
      : undefined;
  };

const readers: Readonly<Record<string, Reader>> = {
  BatchNormalization: normalization,
  Add: withConstant(adding, adding),
  Sub: withConstant(
    (numbers) => adding(numbers.map((each) => -each)),
    (shift) => ({ scale: shift.map(() => -1), shift }),
  ),
  Mul: withConstant(multiplying, multiplying),
  Div: withConstant((numbers) => multiplying(numbers.map((each) => 1 / each))),
};

/** What a node does to each channel of the value that it reads, if that is all it does. */
export const scalingOf = (node: OperationValue, channels: Channels): ChannelScaling | undefined =>
  node.domain === '' && Object.hasOwn(readers, node.op) ? readers[node.op]?.(node, channels) : undefined;
