import { InvalidGraphError } from '../../shared/errors/graph-errors';
import { filledLike } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { printType, shapeOf } from '../../shared/onnx/shapes';
import { carriesGradient, pullBack } from './pull-back';

function checkScalar(loss: Value): void {
  const single = shapeOf(loss)?.every((size) => size === 1) ?? true;
  if (!single || !carriesGradient(loss)) {
    throw new InvalidGraphError(
      `a loss is one number, this one is ${printType(loss.type)}: reduce it to a scalar`,
    );
  }
}

/**
 * The gradients of a scalar loss with respect to values of its graph, as values of the same graph, each in the shape of its
 * value; zeros where the loss does not depend on it. Reverse mode.
 * `MissingGradientError` where an operator on the way has no rule.
 */
export function differentiate(loss: Value, withRespectTo: readonly Value[]): Value[] {
  checkScalar(loss);
  const gradients = pullBack([{ value: loss, gradient: filledLike(1, loss) }], withRespectTo, true);
  return withRespectTo.map((value, index) => gradients[index] ?? filledLike(0, value));
}
