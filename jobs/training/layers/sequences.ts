import { attribute } from '../../../shared/onnx/attributes';
import { constant, floats, operation, tensor } from '../../../shared/onnx/build';
import {
  castTo,
  equal,
  ints,
  multiply,
  not,
  subtract,
  transpose,
  unsqueeze,
  where,
} from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number, sumOf } from '../graph-math';

/** Sequences of different lengths, one behind the other along the batch. */
export interface Sequences {
  /** `[length, batch, values]`; what stands behind the end of a sequence means nothing. */
  readonly steps: Value;
  /** int64 `[batch]`: at least 1. */
  readonly lengths: Value;
  /** Of the longest. */
  readonly length: number;
}

export interface StepStatistics {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

const list = (values: readonly number[]): Value => constant(floats([values.length], values));

const positions = (length: number, dims: readonly number[]): Value =>
  constant(
    tensor(
      'int64',
      dims,
      BigInt64Array.from({ length }, (_, place) => BigInt(place)),
    ),
  );

const maximum = (value: Value, axis: number): Value =>
  operation('ReduceMax', [value, ints([axis])], { keepdims: attribute.int(0) });

/**
 * `[batch, length, values]`, where a sequence ends behind its last step that is not all NaN, brought to mean 0 and deviation
 * 1 a value. A single missing number is the mean.
 */
export function sequencesOf(padded: Value, length: number, { means, deviations }: StepStatistics): Sequences {
  const missing = operation('IsNaN', [padded]);
  const isStep = maximum(castTo(not(missing), 'int64'), 2);
  const last = maximum(multiply(isStep, positions(length, [1, length])), 1);
  const scaled = multiply(subtract(padded, list(means)), list(deviations.map((deviation) => 1 / deviation)));
  return {
    steps: transpose(where(missing, number(0), scaled), [1, 0, 2]),
    lengths: operation('Add', [last, constant(tensor('int64', [], [1]))]),
    length,
  };
}

/** Each sequence from its own end to its beginning; what is behind its end stays there. */
export const reversed = (steps: Value, { lengths }: Sequences): Value =>
  operation('ReverseSequence', [steps, lengths], {
    time_axis: attribute.int(0),
    batch_axis: attribute.int(1),
  });

/** What stands at the last step of each sequence, `[batch, values]`. */
export function lastStep(steps: Value, { lengths, length }: Sequences): Value {
  const step = subtract(unsqueeze(lengths, [0]), constant(tensor('int64', [], [1])));
  const isLast = castTo(equal(positions(length, [length, 1]), step), 'float');
  return sumOf(multiply(steps, unsqueeze(isLast, [2])), 0);
}
