import { operation } from '../../../shared/onnx/build';
import { add, divide, multiply, sqrt } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import { type Directions, type GradientTransformation, scaled, stateless } from './gradient-transformation';
import { normOf } from './norm';

/** The Euclidean norm over all elements of all directions. */
function globalNorm({ values, factor }: Directions): Value {
  const squares = values.map((value) => {
    const norm = normOf(value);
    return multiply(norm, norm);
  });
  const norm = sqrt(squares.length === 1 ? (squares[0] ?? number(0)) : operation('Sum', squares));
  return factor === undefined ? norm : multiply(norm, factor);
}

/** As PyTorch's `clip_grad_norm_` has it, so that a norm of zero divides nothing by zero. */
const epsilon = 1e-6;

/** Scales all directions by one factor, so that their norm is at most the bound (Pascanu et al., 2013). */
export const clipByGlobalNorm = (bound: number): GradientTransformation =>
  stateless((gradients) => {
    const wanted = divide(number(bound), add(globalNorm(gradients), number(epsilon)));
    return scaled(gradients, operation('Min', [wanted, number(1)]));
  });
