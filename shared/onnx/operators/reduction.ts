import { attributeOf, intAttribute } from '../attributes';
import type { ElementType } from '../ir';
import { knownInts } from '../known-values';
import { fromFront, type Shape, tensorType, unknownShape } from '../shapes';
import { inputShape, type Operator, type OperatorTable, shaped, typeOf, type Use } from './operator';

/**
 * Axes that a node names, from its second input (opset 13 and 18) or its attribute (before).
 * `[]` where it names none, undefined where they are known at run time only.
 */
export function axesOf(use: Pick<Use, 'inputs' | 'attributes'>): readonly number[] | undefined {
  const given = use.inputs[1];
  return given === undefined ? (attributeOf.ints(use.attributes, 'axes') ?? []) : knownInts(given);
}

function reducedShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  const axes = axesOf(use);
  const keep = intAttribute(use.attributes, 'keepdims', 1) !== 0;
  if (axes?.length === 0) {
    if (intAttribute(use.attributes, 'noop_with_empty_axes', 0) !== 0) return shape;
    return keep ? shape && unknownShape(shape.length).map(() => 1) : [];
  }
  if (shape === undefined) return undefined;
  if (axes === undefined) return keep ? unknownShape(shape.length) : undefined;
  const reduced = new Set(axes.map((axis) => fromFront(axis, shape.length)));
  const kept = shape.map((dimension, axis) => (reduced.has(axis) ? 1 : dimension));
  return keep ? kept : shape.filter((_, axis) => !reduced.has(axis));
}

const reduce = shaped([1, 2], reducedShape);

function argShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  if (shape === undefined) return undefined;
  const axis = fromFront(intAttribute(use.attributes, 'axis', 0), shape.length);
  if (intAttribute(use.attributes, 'keepdims', 1) === 0) return shape.toSpliced(axis, 1);
  return shape.with(axis, 1);
}

const arg: Operator = {
  inputs: [1, 1],
  outputs: [1, 1],
  infer: (use) => [tensorType('int64', argShape(use))],
};

function topShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  if (shape === undefined) return undefined;
  const axis = fromFront(intAttribute(use.attributes, 'axis', -1), shape.length);
  const count =
    use.inputs[1] === undefined ? attributeOf.int(use.attributes, 'k') : knownInts(use.inputs[1])?.[0];
  return shape.with(axis, count);
}

const topK: Operator = {
  inputs: [1, 2],
  outputs: [2, 2],
  infer: (use) => {
    const shape = topShape(use);
    const types: readonly ElementType[] = [typeOf(use, 0).elementType, 'int64'];
    return types.map((elementType) => tensorType(elementType, shape));
  },
};

const names =
  'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare';

/** Operators that fold axes away, or pick along them. */
export const reduction: OperatorTable = {
  ...Object.fromEntries(names.split(' ').map((name) => [name, reduce])),
  ArgMax: arg,
  ArgMin: arg,
  TopK: topK,
};
