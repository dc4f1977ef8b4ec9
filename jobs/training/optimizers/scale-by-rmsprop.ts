import { operation } from '../../../shared/onnx/build';
import { add, divide, multiply, sqrt, subtract } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import { chain, type GradientTransformation, multipliedOut } from './gradient-transformation';
import { scaleByMomentum } from './scale-by-momentum';
import { zerosLike } from './state';

export interface RmspropOptions {
  readonly decay: number;
  readonly momentum: number;
  readonly epsilon: number;
  /** Divides by the deviation of the gradients in place of their root mean square (Graves, 2013). */
  readonly centered: boolean;
}

const square = (value: Value): Value => multiply(value, value);

/**
 * The gradient over the root of a moving average of its squares. State for each parameter: that average over (1 - decay),
 * then where it is centred the gradients' own average likewise; what is left out of them goes into the common factor.
 */
function scaleByRootMeanSquare({ decay, epsilon, centered }: RmspropOptions): GradientTransformation {
  const root = Math.sqrt(1 - decay);
  const decayed = (memory: Value | undefined) => multiply(memory ?? number(0), number(decay));
  return {
    init: (parameters) => [...zerosLike(parameters), ...(centered ? zerosLike(parameters) : [])],
    update: (gradients, state) => {
      const given = multipliedOut(gradients);
      const squares = given.map((gradient, index) => add(decayed(state[index]), square(gradient)));
      const means = centered
        ? given.map((gradient, index) => add(decayed(state[given.length + index]), gradient))
        : [];
      const values = given.map((gradient, index) => {
        const raw = squares[index] ?? number(0);
        const mean = means[index];
        const spread = mean === undefined ? raw : varianceOf(raw, mean, 1 - decay);
        return divide(gradient, add(sqrt(spread), number(epsilon / root)));
      });
      return { updates: { values, factor: number(1 / root) }, state: [...squares, ...means] };
    },
  };
}

/** Rounding can make it a little less than nothing, of which there is no root. */
const varianceOf = (squares: Value, mean: Value, part: number): Value =>
  operation('Max', [subtract(squares, multiply(square(mean), number(part))), number(0)]);

/** RMSProp (Hinton, 2012) as PyTorch has it: epsilon beside the root, and momentum over what is divided. */
export const scaleByRmsprop = (options: RmspropOptions): GradientTransformation => {
  const scaling = scaleByRootMeanSquare(options);
  const { momentum } = options;
  return momentum === 0 ? scaling : chain(scaling, scaleByMomentum({ momentum, nesterov: false }));
};
