import { InvalidGraphError } from '../../errors/graph-errors';
import { attributeOf, intAttribute } from '../attributes';
import type { Dimension } from '../ir';
import { broadcastShapes, printShape, type Shape, tensorType, unifyDimension } from '../shapes';
import { einsumShape } from './einsum';
import { inputShape, type Operator, type OperatorTable, sharedElementType, type Use } from './operator';

/** Shape of a matrix product as numpy.matmul defines it: 1-D operands are vectors, leading axes broadcast. */
export function matMulShape(a: Shape, b: Shape): Shape {
  if (a === undefined || b === undefined) return undefined;
  if (a.length === 0 || b.length === 0)
    throw new InvalidGraphError('a matrix product has no scalar operands');
  const inner = b.length === 1 ? b[0] : b.at(-2);
  try {
    unifyDimension(a.at(-1), inner);
  } catch (cause) {
    throw new InvalidGraphError(`columns of ${printShape(a)} do not match rows of ${printShape(b)}`, cause);
  }
  const leading = broadcastShapes(a.slice(0, -2), b.slice(0, -2)) ?? [];
  const rows: readonly Dimension[] = a.length === 1 ? [] : [a.at(-2)];
  const columns: readonly Dimension[] = b.length === 1 ? [] : [b.at(-1)];
  return [...leading, ...rows, ...columns];
}

/** The last two axes swapped where the flag is set. */
export const transposedIf = (flag: boolean, shape: Shape): Shape =>
  flag && shape !== undefined && shape.length >= 2
    ? [...shape.slice(0, -2), shape.at(-1), shape.at(-2)]
    : shape;

function gemmShape(use: Use): Shape {
  const matrix = (index: number, flag: string): Shape => {
    const shape = inputShape(use, index);
    if (shape !== undefined && shape.length !== 2) {
      throw new InvalidGraphError(
        `input ${index} has shape ${printShape(shape)}: Gemm takes matrices, use MatMul`,
      );
    }
    return transposedIf(intAttribute(use.attributes, flag, 0) !== 0, shape ?? [undefined, undefined]);
  };
  const product = matMulShape(matrix(0, 'transA'), matrix(1, 'transB'));
  const bias = inputShape(use, 2);
  const whole = bias === undefined ? product : broadcastShapes(product, bias);
  if (whole !== undefined && whole.length > 2) {
    throw new InvalidGraphError(
      `a bias of shape ${printShape(bias)} does not broadcast to ${printShape(product)}`,
    );
  }
  return product;
}

const gemm: Operator = {
  inputs: [2, 3],
  outputs: [1, 1],
  infer: (use) => [tensorType(sharedElementType(use, [0, 1, 2]), gemmShape(use))],
};

const matMul: Operator = {
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (use) => [
    tensorType(sharedElementType(use, [0, 1]), matMulShape(inputShape(use, 0), inputShape(use, 1))),
  ],
};

const einsum: Operator = {
  inputs: [1, Number.POSITIVE_INFINITY],
  outputs: [1, 1],
  infer: (use) => {
    const shapes = use.inputs.map((_, index) => inputShape(use, index));
    const equation = attributeOf.string(use.attributes, 'equation') ?? '';
    return [
      tensorType(
        sharedElementType(
          use,
          use.inputs.map((_, index) => index),
        ),
        einsumShape(equation, shapes),
      ),
    ];
  },
};

const det: Operator = {
  inputs: [1, 1],
  outputs: [1, 1],
  infer: (use) => [tensorType(sharedElementType(use, [0]), inputShape(use, 0)?.slice(0, -2))],
};

/** Matrix products. */
export const matrix: OperatorTable = { MatMul: matMul, Gemm: gemm, Einsum: einsum, Det: det };
