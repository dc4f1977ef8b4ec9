import { operation } from '../../../shared/onnx/build';
import { add, divide, multiply } from '../../../shared/onnx/expressions';
import { number } from '../graph-math';
import type { Decayed } from './decayed';
import { type GradientTransformation, stateless } from './gradient-transformation';

/** Adds the gradient of `penalty` times the sum of absolute values: the sign of each element, which is 0 at 0. */
export const addL1Penalty = (penalty: number, isDecayed: Decayed): GradientTransformation =>
  stateless((gradients, parameters) => {
    if (penalty === 0) return gradients;
    const part = gradients.factor === undefined ? number(penalty) : divide(number(penalty), gradients.factor);
    const values = gradients.values.map((value, index) => {
      const parameter = parameters[index];
      if (parameter === undefined || !isDecayed(parameter)) return value;
      return add(value, multiply(operation('Sign', [parameter]), part));
    });
    return { ...gradients, values };
  });
