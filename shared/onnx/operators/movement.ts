import { InvalidGraphError } from '../../errors/graph-errors';
import { attributeOf, intAttribute } from '../attributes';
import { elementTypeOfCode } from '../element-types';
import type { Dimension, ElementType, ValueType } from '../ir';
import {
  broadcastShapes,
  fromFront,
  mapSize,
  printShape,
  productOf,
  type Shape,
  tensorType,
  unifyDimension,
  unknownShape,
} from '../shapes';
import { givenInts, givenSizes } from './given';
import {
  allInputs,
  inputShape,
  many,
  type Operator,
  type OperatorTable,
  shaped,
  sharedElementType,
  typeOf,
  type Use,
} from './operator';
import { axesOf } from './reduction';

/** The size behind a -1: what is left of the elements once the other sizes are divided out, names cancelling. */
function leftOver(from: readonly Dimension[], taken: readonly Dimension[]): Dimension {
  const rest = [...from];
  for (const name of taken) {
    if (typeof name !== 'string') continue;
    const found = rest.indexOf(name);
    if (found < 0) return undefined;
    rest.splice(found, 1);
  }
  const named = rest.filter((entry) => typeof entry === 'string');
  const divisor = productOf(taken.filter((entry) => typeof entry !== 'string'));
  const total = productOf(rest.filter((entry) => typeof entry !== 'string'));
  if (typeof divisor !== 'number' || typeof total !== 'number' || divisor === 0) return undefined;
  if (named.length > 0) return total === divisor && named.length === 1 ? named[0] : undefined;
  if (total % divisor !== 0) {
    throw new InvalidGraphError(`${total} elements of ${printShape(from)} do not divide by ${divisor}`);
  }
  return total / divisor;
}

function checkSameCount(from: Shape, to: readonly Dimension[]): void {
  const [before, after] = [from && productOf(from), productOf(to)];
  if (typeof before === 'number' && typeof after === 'number' && before !== after) {
    throw new InvalidGraphError(`${printShape(from)} has ${before} elements, ${printShape(to)} has ${after}`);
  }
}

function reshapeShape(use: Use): Shape {
  const from = inputShape(use, 0);
  const wanted = givenSizes(use, 1, 'shape');
  const copyZeros = intAttribute(use.attributes, 'allowzero', 0) === 0;
  if (wanted === undefined) return undefined;
  const sizes = wanted.map((entry, axis) => (entry === 0 && copyZeros ? from?.[axis] : entry));
  const open = sizes.indexOf(-1);
  if (open < 0) {
    checkSameCount(from, sizes);
    return sizes;
  }
  return sizes.with(open, from && leftOver(from, sizes.toSpliced(open, 1)));
}

function transposeShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  const order = attributeOf.ints(use.attributes, 'perm');
  if (shape === undefined) return order && unknownShape(order.length);
  if (order === undefined) return shape.toReversed();
  if (order.length !== shape.length || new Set(order).size !== order.length) {
    throw new InvalidGraphError(`perm [${order.join(', ')}] is no order of the axes of ${printShape(shape)}`);
  }
  return order.map((axis) => shape[fromFront(axis, shape.length)]);
}

function flattenShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  if (shape === undefined) return [undefined, undefined];
  const given = intAttribute(use.attributes, 'axis', 1);
  const axis = given === shape.length ? given : fromFront(given, shape.length || 1);
  return [productOf(shape.slice(0, axis)), productOf(shape.slice(axis))];
}

function squeezeShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  const axes = axesOf(use);
  if (shape === undefined || axes === undefined) return undefined;
  const named = use.inputs[1] !== undefined || use.attributes.axes !== undefined;
  if (!named) return shape.includes(undefined) ? undefined : shape.filter((dimension) => dimension !== 1);
  const dropped = new Set(axes.map((axis) => fromFront(axis, shape.length)));
  for (const axis of dropped) unifyDimension(shape[axis], 1);
  return shape.filter((_, axis) => !dropped.has(axis));
}

function unsqueezeShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  const axes = axesOf(use);
  if (shape === undefined || axes === undefined) return undefined;
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => fromFront(axis, rank)));
  if (added.size !== axes.length)
    throw new InvalidGraphError(`axes [${axes.join(', ')}] name one axis twice`);
  const rest = shape.values();
  return unknownShape(rank).map((_, axis) => (added.has(axis) ? 1 : rest.next().value));
}

const add = (a: Dimension, b: Dimension): Dimension =>
  typeof a === 'number' && typeof b === 'number' ? a + b : a === 0 ? b : b === 0 ? a : undefined;

function concatShape(use: Use): Shape {
  const shapes = use.inputs.map((_, index) => inputShape(use, index));
  const known = shapes.filter((shape) => shape !== undefined);
  const [first] = known;
  if (first === undefined) return undefined;
  const along = fromFront(intAttribute(use.attributes, 'axis', 1), first.length);
  const whole = known.length === shapes.length;
  return first.map((_, axis) => {
    const sizes = known.map((shape) => {
      if (shape.length !== first.length)
        throw new InvalidGraphError(`ranks differ: ${known.map(printShape).join(', ')}`);
      return shape[axis];
    });
    if (axis === along) return whole ? sizes.reduce(add) : undefined;
    return sizes.reduce(unifyDimension);
  });
}

function splitTypes(use: Use): readonly ValueType[] {
  const { elementType, shape } = typeOf(use, 0);
  const axis = intAttribute(use.attributes, 'axis', 0);
  const sizes = givenInts(use, 1, 'split');
  const count = intAttribute(use.attributes, 'num_outputs', use.outputs);
  const even = use.inputs[1] === undefined;
  return Array.from({ length: Math.max(use.outputs, 1) }, (_, index) => {
    if (shape === undefined) return tensorType(elementType, undefined);
    const along = fromFront(axis, shape.length);
    const part = mapSize(shape[along], (size) => {
      const chunk = Math.ceil(size / count);
      return Math.max(0, Math.min(chunk, size - index * chunk));
    });
    return tensorType(elementType, shape.with(along, sizes?.[index] ?? (even ? part : undefined)));
  });
}

function expandShape(use: Use): Shape {
  return broadcastShapes(inputShape(use, 0), givenSizes(use, 1));
}

function tileShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  const repeats = givenSizes(use, 1);
  return shape?.map((dimension, axis) => productOf([dimension, repeats?.[axis]]));
}

const oneOutput = (inputs: readonly [number, number], infer: (use: Use) => ValueType): Operator => ({
  inputs,
  outputs: [1, 1],
  infer: (use) => [infer(use)],
});

const eyeType = (use: Use): ElementType =>
  elementTypeOfCode(intAttribute(use.attributes, 'dtype', 0)) ?? typeOf(use, 0).elementType;

const filledType = (use: Use): ElementType =>
  attributeOf.tensor(use.attributes, 'value')?.elementType ?? 'float';

function rangeShape(use: Use): Shape {
  const [start, limit, delta] = [0, 1, 2].map((index) => givenInts(use, index)?.[0]);
  if (start === undefined || limit === undefined || delta === undefined || delta === 0) return [undefined];
  return [Math.max(0, Math.ceil((limit - start) / delta))];
}

function shapeLength(use: Use): Dimension {
  const shape = inputShape(use, 0);
  const end = attributeOf.int(use.attributes, 'end');
  return shape?.slice(intAttribute(use.attributes, 'start', 0), end).length;
}

const nonZero = oneOutput([1, 1], (use) => {
  const rank = inputShape(use, 0)?.length;
  return tensorType('int64', [rank === 0 ? 1 : rank, undefined]);
});

/** Operators that rearrange, repeat and measure tensors. */
export const movement: OperatorTable = {
  Reshape: shaped([1, 2], reshapeShape),
  Transpose: shaped([1, 1], transposeShape),
  Flatten: shaped([1, 1], flattenShape),
  Squeeze: shaped([1, 2], squeezeShape),
  Unsqueeze: shaped([1, 2], unsqueezeShape),
  Concat: {
    inputs: [1, many],
    outputs: [1, 1],
    infer: (use) => [tensorType(sharedElementType(use, allInputs(use)), concatShape(use))],
  },
  Split: { inputs: [1, 2], outputs: [1, many], infer: splitTypes },
  Expand: shaped([2, 2], expandShape),
  Tile: shaped([2, 3], tileShape),
  EyeLike: oneOutput([1, 1], (use) => tensorType(eyeType(use), inputShape(use, 0))),
  NonZero: nonZero,
  Shape: oneOutput([1, 1], (use) => tensorType('int64', [shapeLength(use)])),
  Size: oneOutput([1, 1], () => tensorType('int64', [])),
  ConstantOfShape: oneOutput([1, 1], (use) => tensorType(filledType(use), givenSizes(use, 0))),
  Range: oneOutput([3, 3], (use) => tensorType(sharedElementType(use, [0, 1, 2]), rangeShape(use))),
};
