import { attribute } from '../../shared/onnx/attributes';
import { constant, operation, tensor } from '../../shared/onnx/build';
import { add, castTo, less, log, multiply, reshape, sqrt } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { number } from './graph-math';

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

/** Ellis' lowbias32: an integer hash whose bits are as good as independent. */
function hashed(value: Value): Value {
  const first = multiply(xor(value, shifted(value, 16)), word(0x7feb_352d));
  const second = multiply(xor(first, shifted(first, 15)), word(0x846c_a68b));
  return xor(second, shifted(second, 16));
}

/** A hash of its place for each element, offset by a hash of the key. */
function bits(key: Value, count: number): Value {
  const places = constant(
    tensor(
      'uint32',
      [count],
      Uint32Array.from({ length: count }, (_, place) => place),
    ),
  );
  return hashed(add(places, key));
}

const shape = (dims: readonly number[]): Value => constant(tensor('int64', [dims.length], dims));

/** The 24 bits that a float32 holds exactly. */
const unit = (words: Value): Value => multiply(castTo(shifted(words, 8), 'float'), number(2 ** -24));

const golden = 0x9e37_79b9;

/**
 * A counter-based generator (Salmon et al., 2011) as graph operations: `step` is an int64 of rank 0, so that whoever goes
 * on at a step draws what was drawn there before.
 */
export function randomSource(seed: number, step: Value): RandomSource {
  let stream = 0;
  const nextKey = (): Value => {
    stream++;
    const start = word(Math.imul(seed ^ 0x5bf0_3635, golden) + Math.imul(stream, 0x85eb_ca6b));
    return hashed(add(hashed(castTo(step, 'uint32')), start));
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
