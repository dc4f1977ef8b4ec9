import { operation } from '../../../shared/onnx/build';
import { add, multiply } from '../../../shared/onnx/expressions';
import { number } from '../graph-math';
import { type GradientTransformation, multipliedOut } from './gradient-transformation';
import { zerosLike } from './state';

export interface LionOptions {
  readonly beta1: number;
  readonly beta2: number;
}

/**
 * Lion (Chen et al., 2023): the sign of beta1 m + (1 - beta1) g, where m is a moving average of g by beta2. State for each
 * parameter: m / (1 - beta2), which takes one multiplication less; a sign does not change with what is left out.
 */
export function scaleByLion({ beta1, beta2 }: LionOptions): GradientTransformation {
  const share = (beta1 * (1 - beta2)) / (1 - beta1);
  return {
    init: zerosLike,
    update: (gradients, state) => {
      const given = multipliedOut(gradients);
      const kept = (index: number, part: number) => multiply(state[index] ?? number(0), number(part));
      const values = given.map((gradient, index) => operation('Sign', [add(kept(index, share), gradient)]));
      const moments = given.map((gradient, index) => add(kept(index, beta2), gradient));
      return { updates: { values }, state: moments };
    },
  };
}
