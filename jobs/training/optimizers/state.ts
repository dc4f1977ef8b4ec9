import { InvalidGraphError } from '../../../shared/errors/graph-errors';
import { constant, floats, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue, Value } from '../../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';

/** Zeros in the shape of each parameter. */
export const zerosLike = (parameters: readonly Value[]): ConstantValue[] =>
  parameters.map((parameter) => {
    const dims = staticShape(shapeOf(parameter));
    if (dims === undefined) throw new InvalidGraphError('a parameter needs a static shape');
    return constant(floats(dims, new Float32Array(elementCount(dims))));
  });

/** How many steps were done: an int64 of rank 0. */
export const zeroSteps = (): ConstantValue => constant(tensor('int64', [], [0]));
