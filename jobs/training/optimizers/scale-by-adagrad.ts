import { add, divide, multiply, sqrt } from '../../../shared/onnx/expressions';
import { number } from '../graph-math';
import { type GradientTransformation, multipliedOut } from './gradient-transformation';
import { zerosLike } from './state';

/** Adagrad (Duchi et al., 2011): g over the root of the sum of all squares so far. State: that sum for each parameter. */
export const scaleByAdagrad = ({ epsilon }: { readonly epsilon: number }): GradientTransformation => ({
  init: zerosLike,
  update: (gradients, state) => {
    const given = multipliedOut(gradients);
    const sums = given.map((gradient, index) => add(state[index] ?? number(0), multiply(gradient, gradient)));
    const values = given.map((gradient, index) =>
      divide(gradient, add(sqrt(sums[index] ?? number(0)), number(epsilon))),
    );
    return { updates: { values }, state: sums };
  },
});
