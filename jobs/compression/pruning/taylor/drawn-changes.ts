import { attribute } from '../../../../shared/onnx/attributes';
import { operation } from '../../../../shared/onnx/build';
import { isFloatType } from '../../../../shared/onnx/element-types';
import type { Graph, Value } from '../../../../shared/onnx/ir';
import { elementTypeOf } from '../../../../shared/onnx/shapes';
import type { Seed } from '../../../autodiff/pull-back';

function isFloat(value: Value | undefined): boolean {
  const elementType = elementTypeOf(value);
  return elementType !== undefined && isFloatType(elementType);
}

/** What stands between an answer and the numbers that it is made of. */
const ends = new Set(['Identity', 'Cast', 'Softmax', 'LogSoftmax', 'Sigmoid']);

/** Of probabilities the scores: they change as much for a row that the model is sure of. */
function scoresOf(output: Value): Value {
  let value = output;
  while (value.kind === 'operation' && value.domain === '' && ends.has(value.op) && isFloat(value.inputs[0]))
    value = value.inputs[0] ?? value;
  return value;
}

/**
 * A random direction for each output of floats, other in each run. The square of its gradient with respect to a number inside the
 * model is, on average and summed over rows, the square of how far the answers move with that number, to first order: an
 * unbiased estimate of the Jacobian's squared norm (Hutchinson, 1990), for any head and without labels. Of a CNN on
 * Fashion-MNIST it ranks channels better than the gradients of a loss do, be its classes given or drawn from the model: those
 * hang on the few rows that it is unsure of.
 */
export const drawnChanges = ({ outputs }: Graph, seed: number): readonly Seed[] =>
  outputs
    .filter(({ value }) => isFloat(value))
    .map(({ value: output }, index) => {
      const value = scoresOf(output);
      const direction = { seed: attribute.float(seed + index + 1) };
      return { value, gradient: operation('RandomNormalLike', [value], direction) };
    });
