import { constant, operation, scalar, tensor } from '../../../shared/onnx/build';
import { add, and, divide, equal, multiply, where } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number, sumOf } from '../graph-math';
import { type Directions, type GradientTransformation, scaled } from './gradient-transformation';
import { zeroSteps } from './state';

export interface LossScalingOptions {
  readonly initialScale?: number;
  /** So many good steps one after the other double the scale. */
  readonly growthInterval?: number;
}

/** A scale between these keeps losses and gradients within float32. */
const [smallestScale, largestScale] = [2 ** -14, 2 ** 24];

const whole = (value: number): Value => constant(tensor('int64', [], [value]));

/** Times zero, a number is zero, and neither NaN nor infinity is. */
const isAllFinite = (value: Value): Value => equal(sumOf(multiply(value, number(0))), number(0));

const areFinite = (values: readonly Value[]): Value =>
  values.map(isAllFinite).reduce((all, one) => and(all, one), constant(scalar(true, 'bool')));

const bounded = (scale: Value): Value =>
  operation('Clip', [scale, number(smallestScale), number(largestScale)]);

function onlyIf(condition: Value, { values, factor }: Directions): Directions {
  const kept = (value: Value) => where(condition, value, number(0));
  return { values: values.map(kept), ...(factor === undefined ? {} : { factor: kept(factor) }) };
}

/**
 * Loss scaling (Micikevicius et al., 2018) with the rules of PyTorch's `GradScaler`: gradients come multiplied by the scale,
 * so that float16 does not lose the small ones. Where one is not finite, the step is left out and the scale halved; many good
 * steps double it. State: the scale, good steps since it changed, and the optimizer's own.
 */
export function withLossScaling(
  optimizer: GradientTransformation,
  { initialScale = 2 ** 16, growthInterval = 2000 }: LossScalingOptions = {},
): GradientTransformation {
  return {
    init: (parameters) => [constant(scalar(initialScale)), zeroSteps(), ...optimizer.init(parameters)],
    lossScale: ([scale]) => scale,
    update(gradients, [scale = number(initialScale), good = zeroSteps(), ...state], parameters) {
      const finite = areFinite(gradients.values);
      const unscaled = scaled(gradients, divide(number(1), scale));
      const { updates, state: next } = optimizer.update(unscaled, state, parameters);
      const counted = add(good, whole(1));
      const grows = equal(counted, whole(growthInterval));
      const grown = where(grows, multiply(scale, number(2)), scale);
      const nextScale = bounded(where(finite, grown, multiply(scale, number(0.5))));
      const nextGood = where(and(finite, operation('Not', [grows])), counted, whole(0));
      return {
        updates: onlyIf(finite, updates),
        state: [
          nextScale,
          nextGood,
          ...next.map((value, index) => where(finite, value, state[index] ?? value)),
        ],
      };
    },
  };
}
