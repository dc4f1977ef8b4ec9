import { constant, operation, scalar, tensor } from '../../../shared/onnx/build';
import { add, castTo, divide, multiply, sqrt, subtract } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import {
  type Directions,
  type GradientTransformation,
  multipliedOut,
  type TransformedGradients,
} from './gradient-transformation';
import { zeroSteps, zerosLike } from './state';

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

const double = (value: number): Value => constant(scalar(value, 'double'));

/** 1 - beta^steps, in double: near 1 - 0.999 a float32 has lost half of its digits. */
const correction = (beta: number, steps: Value): Value =>
  subtract(double(1), operation('Pow', [double(beta), steps]));

interface Corrections {
  /** Multiplies every direction. */
  readonly factor: Value;
  readonly epsilon: Value;
}

/** Both bias corrections, and what the moments were left unmultiplied by, as two numbers. */
function corrections({ beta1, beta2, epsilon }: AdamOptions, steps: Value): Corrections {
  const count = castTo(steps, 'double');
  const second = sqrt(correction(beta2, count));
  const unmultiplied = (1 - beta1) / Math.sqrt(1 - beta2);
  const factor = multiply(divide(second, correction(beta1, count)), double(unmultiplied));
  const scaledEpsilon = multiply(second, double(epsilon / Math.sqrt(1 - beta2)));
  return { factor: castTo(factor, 'float'), epsilon: castTo(scaledEpsilon, 'float') };
}

/**
 * Adam (Kingma and Ba, 2015, algorithm 1): the first moment over the root of the second, both corrected for their start
 * at zero. State: the step count, then for each parameter m / (1 - beta1), then v / (1 - beta2): kept so, a moment takes
 * one multiplication less, and what was left out goes into the common factor.
 */
export function scaleByAdam(options: AdamOptions): GradientTransformation {
  return {
    init: (parameters) => [zeroSteps(), ...zerosLike(parameters), ...zerosLike(parameters)],
    update: (gradients, [steps = zeroSteps(), ...moments]) =>
      adamUpdate(options, gradients, { steps, moments }),
  };
}

interface AdamState {
  readonly steps: Value;
  readonly moments: readonly Value[];
}

function adamUpdate(
  options: AdamOptions,
  gradients: Directions,
  { steps, moments }: AdamState,
): TransformedGradients {
  const given = multipliedOut(gradients);
  const count = add(steps, constant(tensor('int64', [], [1])));
  const decayed = (moment: Value | undefined, beta: number) => multiply(moment ?? number(0), number(beta));
  const first = given.map((gradient, index) => add(decayed(moments[index], options.beta1), gradient));
  const second = given.map((gradient, index) =>
    add(decayed(moments[given.length + index], options.beta2), multiply(gradient, gradient)),
  );
  const { factor, epsilon } = corrections(options, count);
  const values = first.map((moment, index) => divide(moment, add(sqrt(second[index] ?? number(0)), epsilon)));
  return { updates: { values, factor }, state: [count, ...first, ...second] };
}
