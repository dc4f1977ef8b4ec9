import { operation } from '../../../shared/onnx/build';
import { number } from '../graph-math';
import { type GradientTransformation, multipliedOut, stateless } from './gradient-transformation';

/** Holds every element between minus the bound and the bound. */
export const clipByValue = (bound: number): GradientTransformation =>
  stateless((gradients) => ({
    values: multipliedOut(gradients).map((value) =>
      operation('Clip', [value, number(-bound), number(bound)]),
    ),
  }));
