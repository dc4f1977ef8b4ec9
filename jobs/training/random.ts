import { attribute } from '../../shared/onnx/attributes';
import { constant, operation, tensor } from '../../shared/onnx/build';
import { add, castTo, less, log, multiply, reshape, sqrt } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { number } from './graph-math';
import { type Purpose, seedOf } from './seeded-generator';

/** Random numbers of one training step, all of them functions of seed, step and place: nothing has to be remembered. */
export interface RandomSource {
  /** From 0 up to 1, without 1. Each call draws anew. */
  uniform(dims: readonly number[]): Value;
  /** Of mean 0 and deviation 1. */
  normal(dims: readonly number[]): Value;
}

const word = (value: number): Value => constant(tensor('uint32', [], [value >>> 0]));

const shifted = (value: Value, bits: number): Value =>
  operation('BitShift', [value, word(bits)], { direction: attribute.string('RIGHT') });

const xor = (a: Value, b: Value): Value => operation('BitwiseXor', [a, b]);

/** Wellons' lowbias32: an integer hash whose bits are as good as independent. */
function hashed(value: Value): Value {
  const first = multiply(xor(value, shifted(value, 16)), word(0x7feb_352d));
  const second = multiply(xor(first, shifted(first, 15)), word(0x846c_a68b));
  return xor(second, shifted(second, 16));
}

/** Two words that nothing else is drawn by. */
type Key = readonly [Value, Value];

/**
 * A hash of its place for each element, under one half of the key before and the other half between its rounds: with one half
 * alone, all that is ever drawn would be parts of one and the same list of 2^32 numbers.
 */
function bits([before, between]: Key, count: number): Value {
  const places = constant(
    tensor(
      'uint32',
      [count],
      Uint32Array.from({ length: count }, (_, place) => place),
    ),
  );
  const last = multiply(xor(hashed(xor(places, before)), between), word(0x3184_8bab));
  return xor(last, shifted(last, 14));
}

const shape = (dims: readonly number[]): Value => constant(tensor('int64', [dims.length], dims));

/** The 24 bits that a float32 holds exactly. */
const unit = (words: Value): Value => multiply(castTo(shifted(words, 8), 'float'), number(2 ** -24));

/**
 * A counter-based generator (Salmon et al., 2011) as graph operations: `step` is an int64 of rank 0, so that whoever goes
 * on at a step draws what was drawn there before. Sources of different purposes draw different numbers by the same seed.
 */
export function randomSource(
  seed: number,
  step: Value,
  purpose: Extract<Purpose, 'network' | 'augmentation'> = 'network',
): RandomSource {
  let stream = 0;
  const at = castTo(step, 'uint32');
  const nextKey = (): Key => {
    stream++;
    const half = (which: number) => word(seedOf(seed, purpose, stream, which));
    return [hashed(add(hashed(at), half(1))), hashed(xor(hashed(at), half(2)))];
  };
  const uniform = (dims: readonly number[]): Value => {
    const count = dims.reduce((product, size) => product * size, 1);
    return reshape(unit(bits(nextKey(), count)), shape(dims));
  };
  return {
    uniform,
    normal(dims) {
      const radius = sqrt(multiply(log(add(uniform(dims), number(2 ** -25))), number(-2)));
      return multiply(radius, operation('Cos', [multiply(uniform(dims), number(2 * Math.PI))]));
    },
  };
}

/** 1 / keep where an element is kept and 0 where it is not: dropout (Srivastava et al., 2014) multiplies by it. */
export const dropoutMask = (random: RandomSource, dims: readonly number[], ratio: number): Value =>
  multiply(castTo(less(random.uniform(dims), number(1 - ratio)), 'float'), number(1 / (1 - ratio)));
