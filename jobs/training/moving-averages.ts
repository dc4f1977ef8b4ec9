import { operation } from '../../shared/onnx/build';
import { add, castTo, divide, multiply, subtract } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { number } from './graph-math';

export interface MovingAverage {
  /** What the decay warms up to. */
  readonly decay: number;
  /** Steps done before this one, int64 of rank 0. */
  readonly step: Value;
}

/**
 * The averages after a step. The decay is min(decay, (1 + step) / (10 + step)), as TensorFlow's `ExponentialMovingAverage` has
 * it with `num_updates`: a short training would otherwise average mostly the weights that it began with.
 */
export function movingAverages(
  averages: readonly Value[],
  parameters: readonly Value[],
  { decay, step }: MovingAverage,
): Value[] {
  const done = castTo(step, 'float');
  const kept = operation('Min', [divide(add(done, number(1)), add(done, number(10))), number(decay)]);
  const rest = subtract(number(1), kept);
  return averages.map((average, index) =>
    add(multiply(average, kept), multiply(parameters[index] ?? average, rest)),
  );
}
