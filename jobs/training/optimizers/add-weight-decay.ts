import { addPull } from './add-pull';
import type { Decayed } from './decayed';
import type { GradientTransformation } from './gradient-transformation';

/**
 * Adds a part of each parameter to its direction: in front of a scaling, an L2 penalty; behind it, decoupled decay
 * (Loshchilov and Hutter, 2019).
 */
export const addWeightDecay = (decay: number, isDecayed: Decayed): GradientTransformation =>
  addPull(decay, isDecayed, (parameter) => parameter);
