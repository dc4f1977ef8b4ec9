import { add, multiply } from '../../../shared/onnx/expressions';
import { number } from '../graph-math';
import { type GradientTransformation, multipliedOut } from './gradient-transformation';
import { zerosLike } from './state';

export interface MomentumOptions {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * Heavy ball v = momentum v + g (Polyak, 1964), or with `nesterov` g + momentum v (Sutskever et al., 2013), as SGD in
 * PyTorch and Momentum in ONNX have it. State: v for each parameter.
 */
export const scaleByMomentum = ({ momentum, nesterov }: MomentumOptions): GradientTransformation => ({
  init: zerosLike,
  update: (gradients, state) => {
    const given = multipliedOut(gradients);
    const kept = (velocity = number(0)) => multiply(velocity, number(momentum));
    const velocities = given.map((gradient, index) => add(kept(state[index]), gradient));
    const values = nesterov
      ? given.map((gradient, index) => add(gradient, kept(velocities[index])))
      : velocities;
    return { updates: { values }, state: velocities };
  },
});
