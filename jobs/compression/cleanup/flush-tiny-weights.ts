import { constant } from '../../../shared/onnx/build';
import { fromBfloat16, fromFloat16 } from '../../../shared/onnx/half';
import type { ConstantValue, ElementType, Model, Tensor, Value } from '../../../shared/onnx/ir';
import { consumersOf, everyValue } from '../../../shared/onnx/walk';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';
import { fragileValues } from './fragile-values';
import { movesOnly, readsAsWeight } from './weight-roles';

/** Below this a weight is noise, and in floats soon a denormal, which processors multiply up to 40 times slower. */
const tiny = 1e-30;

/** Reads one stored element. */
type Decode = (stored: number) => number;

const itself: Decode = (stored) => stored;

/** Below what a tensor's elements are noise. */
type Threshold = (tensor: Tensor, decode: Decode) => number;

const fixed: Threshold = () => tiny;

/** The smallest float16 that is no subnormal. */
const smallestHalf = 2 ** -14;

const largestOf = (data: Uint16Array, decode: Decode): number =>
  data.reduce((most, stored) => Math.max(most, Math.abs(decode(stored))), 0);

/**
 * Subnormals of float16 begin at 6e-5, where weights still count: they are noise only where all of them together are below the
 * last bit of a float32 beside the tensor's largest element.
 */
const besideLargest: Threshold = ({ data }, decode) =>
  data instanceof Uint16Array
    ? Math.min(smallestHalf, (largestOf(data, decode) * 2 ** -24) / data.length)
    : 0;

const formats: Partial<Record<ElementType, { decode: Decode; below: Threshold }>> = {
  float: { decode: itself, below: fixed },
  double: { decode: itself, below: fixed },
  bfloat16: { decode: fromBfloat16, below: fixed },
  float16: { decode: fromFloat16, below: besideLargest },
};

/** The tensor with zeros for what is noise; undefined where there is none. */
function flushed(tensor: Tensor): Tensor | undefined {
  const { data, elementType } = tensor;
  const format = formats[elementType];
  const isHeld = data instanceof Float32Array || data instanceof Float64Array || data instanceof Uint16Array;
  if (format === undefined || !isHeld) return undefined;
  const { decode } = format;
  const below = format.below(tensor, decode);
  const isNoise = (stored: number): boolean => {
    const size = Math.abs(decode(stored));
    return size > 0 && size < below;
  };
  if (!data.some(isNoise)) return undefined;
  return { ...tensor, data: data.map((stored: number) => (isNoise(stored) ? 0 : stored)) };
}

/** All readers take the constant as a weight, also where it is moved about first; a single number is a setting, and none. */
function isWeight(value: ConstantValue, readersOf: (value: Value) => readonly Value[]): boolean {
  const waiting: Value[] = [value];
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    for (const reader of readersOf(each)) {
      if (reader.kind === 'projection') waiting.push(reader);
      else if (reader.kind !== 'operation') return false;
      else if (movesOnly(reader, each)) waiting.push(reader);
      else if (!readsAsWeight(reader, each)) return false;
    }
  }
  return value.tensor.data.length > 1;
}

/**
 * Makes zeros of weights under 1e-30 (denormals among them), in floats, doubles and bfloat16, and of subnormals of float16 that
 * are noise beside the tensor's other elements. Only where the whole constant is multiplied into sums or added to them, and
 * where no result tells zero from next to zero: an epsilon stays what it is.
 */
export const flushTinyWeights = {
  name: 'flush_tiny_weights',
  apply(model: Model): Cleaned {
    const roots = model.graph.outputs.map(({ value }) => value);
    const found = new Map<Value, Tensor>();
    for (const value of everyValue(roots)) {
      const tensor = value.kind === 'constant' ? flushed(value.tensor) : undefined;
      if (tensor !== undefined) found.set(value, tensor);
    }
    if (found.size === 0) return { model, changes: 0 };
    const consumers = consumersOf(roots);
    const fragile = fragileValues(model.graph);
    const readersOf = (value: Value) => consumers.get(value) ?? [];
    return replaceIn(model, (value) => {
      const tensor = found.get(value);
      if (tensor === undefined || value.kind !== 'constant' || roots.includes(value)) return undefined;
      if (fragile.has(value) || !isWeight(value, readersOf)) return undefined;
      return constant(tensor, value.name);
    });
  },
} satisfies CleaningPass;
