import { add, divide, multiply } from '../../../shared/onnx/expressions';
import { number } from '../graph-math';
import type { Decayed } from './decayed';
import { type GradientTransformation, stateless } from './gradient-transformation';

/**
 * Adds a part of each parameter to its direction: in front of a scaling, an L2 penalty; behind it, decoupled decay
 * (Loshchilov and Hutter, 2019).
 */
export const addWeightDecay = (decay: number, isDecayed: Decayed): GradientTransformation =>
  stateless((gradients, parameters) => {
    if (decay === 0) return gradients;
    // the common factor will multiply the decay too, so it is divided out of one number beforehand
    const part = gradients.factor === undefined ? number(decay) : divide(number(decay), gradients.factor);
    const values = gradients.values.map((value, index) => {
      const parameter = parameters[index];
      return parameter && isDecayed(parameter) ? add(value, multiply(parameter, part)) : value;
    });
    return { ...gradients, values };
  });
