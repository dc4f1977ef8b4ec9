import { add, divide, multiply } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import type { Decayed } from './decayed';
import { type GradientTransformation, stateless } from './gradient-transformation';

/** Adds `amount` times what pulls a parameter to zero to the direction of each parameter that decays. */
export const addPull = (
  amount: number,
  isDecayed: Decayed,
  pullOf: (parameter: Value) => Value,
): GradientTransformation =>
  stateless((gradients, parameters) => {
    if (amount === 0) return gradients;
    // the common factor will multiply the pull too, so it is divided out of one number beforehand
    const part = gradients.factor === undefined ? number(amount) : divide(number(amount), gradients.factor);
    const values = gradients.values.map((value, index) => {
      const parameter = parameters[index];
      return parameter && isDecayed(parameter) ? add(value, multiply(pullOf(parameter), part)) : value;
    });
    return { ...gradients, values };
  });
