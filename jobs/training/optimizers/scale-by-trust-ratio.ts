import { divide, equal, multiply, where } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import { type GradientTransformation, stateless } from './gradient-transformation';
import { normOf } from './norm';

/**
 * Gives each direction the norm of its parameter (You et al., 2020): a trust ratio a tensor, as optax has it. Where either
 * norm is zero, the direction stays as it is.
 */
export const scaleByTrustRatio = (): GradientTransformation =>
  stateless(({ values, factor = number(1) }, parameters) => ({
    values: values.map((value, index) =>
      multiply(value, trustRatio(value, parameters[index] ?? value, factor)),
    ),
  }));

/** Of the parameter's norm to the direction's; the factor of the direction is in both, and so goes out of it. */
function trustRatio(direction: Value, parameter: Value, factor: Value): Value {
  const [own, wanted] = [normOf(direction), normOf(parameter)];
  const either = multiply(own, wanted);
  return where(equal(either, number(0)), factor, divide(wanted, own));
}
