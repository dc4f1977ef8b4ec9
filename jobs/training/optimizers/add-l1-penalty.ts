import { operation } from '../../../shared/onnx/build';
import { addPull } from './add-pull';
import type { Decayed } from './decayed';
import type { GradientTransformation } from './gradient-transformation';

/** Adds the gradient of `penalty` times the sum of absolute values: the sign of each element, which is 0 at 0. */
export const addL1Penalty = (penalty: number, isDecayed: Decayed): GradientTransformation =>
  addPull(penalty, isDecayed, (parameter) => operation('Sign', [parameter]));
