import { attributeOf, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, operation, output } from '../../../shared/onnx/build';
import {
  castLike,
  filledLike,
  ints,
  multiply,
  reduceSum,
  reshape,
  reshapeLike,
  scalarLike,
  sizesOf,
  subtract,
  transpose,
} from '../../../shared/onnx/expressions';
import type { Attributes, OperationValue, Value } from '../../../shared/onnx/ir';
import { knownInts } from '../../../shared/onnx/known-values';
import { rankOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { type GradientRule, type GradientRules, unary } from './gradient-rule';

const intOption = (name: string, value: number): Attributes => ({ [name]: attribute.int(value) });

/** The elements are the same ones in the same order. */
const reshaped = unary((gradient, x) => reshapeLike(gradient, x));

const transposeRule = unary((gradient, _, __, attributes) => {
  const order = attributeOf.ints(attributes, 'perm');
  return transpose(
    gradient,
    order?.map((_axis, axis) => order.indexOf(axis)),
  );
});

/** The size of a value along one axis, as a list of one. */
const sizeAlong = (value: Value, axis: number): Value => {
  const size = shapeOf(value)?.at(axis);
  return typeof size === 'number'
    ? ints([size])
    : operation('Gather', [operation('Shape', [value]), ints([axis])], intOption('axis', 0));
};

const concat = (values: readonly Value[], axis: number): Value =>
  operation('Concat', values, intOption('axis', axis));

const concatRule: GradientRule = (gradient, inputs, _, attributes) => {
  const parts = inputs.filter((value) => value !== undefined);
  const axis = intAttribute(attributes, 'axis', 1);
  const known = parts.map((part) => shapeOf(part)?.at(axis));
  const sizes = known.every((size) => typeof size === 'number')
    ? ints(known)
    : concat(
        parts.map((part) => sizeAlong(part, axis)),
        0,
      );
  const split = operation('Split', [gradient, sizes], intOption('axis', axis), { outputs: parts.length });
  return parts.map((_part, index) => output(split, index));
};

const splitRule: GradientRule = (_, __, node, attributes, gradients) => {
  const parts = node.types.map((_type, index) => gradients[index] ?? filledLike(0, output(node, index)));
  return [concat(parts, intAttribute(attributes, 'axis', 0))];
};

/** Numbers 0, 1, 2, ... in the shape of a value: which element each one is. */
function positions(x: Value): Value {
  const count = operation('Size', [x]);
  const zero = castLike(scalarLike(0, count), count);
  return reshape(operation('Range', [zero, count, scalarLike(1, count)]), sizesOf(x));
}

/**
 * Sends each element of the gradient back to the element that it was copied from, adding where one was copied repeatedly.
 * `moved` is what the operator makes of `positions`.
 */
function sendBack(gradient: Value, moved: Value, x: Value): Value {
  const flat = (value: Value) => reshape(value, ints([-1]));
  const zeros = flat(filledLike(0, x));
  const options: Attributes = { axis: attribute.int(0), reduction: attribute.string('add') };
  return reshapeLike(operation('ScatterElements', [zeros, flat(moved), flat(gradient)], options), x);
}

/** Any operator that only copies elements, by doing to their positions what it does to them. */
const copied: GradientRule = (gradient, [x, ...rest], node, attributes) =>
  x === undefined ? [] : [sendBack(gradient, operation(node.op, [positions(x), ...rest], attributes), x)];

interface Cut {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** How much a slice cuts away on both sides of each axis, where it is a plain window known before the run. */
function cutOf(x: Value, y: OperationValue): Cut | undefined {
  const shape = staticShape(shapeOf(x));
  const cut = staticShape(shapeOf(y));
  const starts = y.inputs[1] && knownInts(y.inputs[1]);
  const axes = y.inputs[3] === undefined ? starts?.map((_, axis) => axis) : knownInts(y.inputs[3]);
  const steps = y.inputs[4] === undefined ? [] : knownInts(y.inputs[4]);
  if (!shape || !cut || !starts || !axes || !steps || steps.some((step) => step !== 1)) return undefined;
  const before = shape.map(() => 0);
  for (const [index, given] of axes.entries()) {
    const axis = given < 0 ? given + shape.length : given;
    const size = shape[axis] ?? 0;
    const start = starts[index] ?? 0;
    before[axis] = Math.min(Math.max(start < 0 ? start + size : start, 0), size);
  }
  return { before, after: shape.map((size, axis) => size - (before[axis] ?? 0) - (cut[axis] ?? 0)) };
}

const sliceRule: GradientRule = (gradient, inputs, y, attributes, gradients) => {
  const [x] = inputs;
  const cut = x && cutOf(x, y);
  if (cut === undefined) return copied(gradient, inputs, y, attributes, gradients);
  return [operation('Pad', [gradient, ints([...cut.before, ...cut.after])])];
};

/** Padding by the opposite amounts crops; other modes than `constant` copy elements of the input into the rim. */
const padRule: GradientRule = (gradient, inputs, y, attributes, gradients) => {
  const [x, pads, fill, axes] = inputs;
  if (x === undefined || pads === undefined) return [];
  if ((attributeOf.string(attributes, 'mode') ?? 'constant') !== 'constant') {
    const [back] = copied(gradient, [x, pads, undefined, axes], y, attributes, gradients);
    return [back];
  }
  const cropped = operation('Pad', [gradient, operation('Neg', [pads]), undefined, axes]);
  const total = (value: Value) => operation('ReduceSum', [value], intOption('keepdims', 0));
  return [cropped, undefined, fill && subtract(total(gradient), total(cropped))];
};

const tileRule: GradientRule = (gradient, [x, repeats]) => {
  const rank = rankOf(x);
  if (x === undefined || repeats === undefined || rank === undefined) return [];
  const pairs = concat([unsqueezed(repeats), unsqueezed(sizesOf(x))], 1);
  const known = interleaved(x, repeats);
  const apart = reshape(gradient, known ?? reshape(pairs, ints([-1])));
  return [
    reduceSum(
      apart,
      Array.from({ length: rank }, (_, axis) => 2 * axis),
      false,
    ),
  ];
};

const unsqueezed = (list: Value): Value => operation('Unsqueeze', [list, ints([1])]);

function interleaved(x: Value, repeats: Value): Value | undefined {
  const [shape, times] = [staticShape(shapeOf(x)), knownInts(repeats)];
  if (shape === undefined || times === undefined) return undefined;
  return ints(shape.flatMap((size, axis) => [times[axis] ?? 1, size]));
}

/**
 * Rows picked several times add up. ScatterElements, because ScatterND adds in parallel and loses repeated ones
 * (ONNX Runtime 1.30, CPU).
 */
const gather: GradientRule = (gradient, [x, indices], _, attributes) => {
  const rank = rankOf(x);
  if (x === undefined || indices === undefined || rank === undefined) return [];
  const given = intAttribute(attributes, 'axis', 0);
  const axis = given < 0 ? given + rank : given;
  const sizes = Array.from({ length: rank }, (_size, at) => (at === axis ? ints([-1]) : sizeAlong(x, at)));
  const rows = reshape(gradient, concat(sizes, 0));
  const line = reshape(indices, ints(Array.from({ length: rank }, (_size, at) => (at === axis ? -1 : 1))));
  const spread = operation('Expand', [line, sizesOf(rows)]);
  const options: Attributes = { axis: attribute.int(axis), reduction: attribute.string('add') };
  return [operation('ScatterElements', [filledLike(0, x), spread, rows], options)];
};

const gatherElements: GradientRule = (gradient, [x, indices], _, attributes) => {
  if (x === undefined || indices === undefined) return [];
  const options: Attributes = {
    axis: attribute.int(intAttribute(attributes, 'axis', 0)),
    reduction: attribute.string('add'),
  };
  return [operation('ScatterElements', [filledLike(0, x), indices, gradient], options)];
};

/** Written-over elements of the data have no gradient, updates have that of where they went. */
const scatter =
  (op: string, take: string): GradientRule =>
  (gradient, [data, indices, updates], _, attributes) => {
    if (data === undefined || indices === undefined || updates === undefined) return [];
    const reduction = attributeOf.string(attributes, 'reduction') ?? 'none';
    const { reduction: _reduction, ...place } = attributes;
    const kept =
      reduction === 'add' ? gradient : operation(op, [gradient, indices, filledLike(0, updates)], place);
    return [kept, undefined, operation(take, [gradient, indices], place)];
  };

const oneHot: GradientRule = (gradient, [indices, depth, values], _, attributes) => {
  if (indices === undefined || depth === undefined || values === undefined) return [];
  const bounds = concat([filledLike(0, values), filledLike(1, values)], 0);
  const edges = operation('Gather', [bounds, ints([0, 2])], intOption('axis', 0));
  const mask = operation('OneHot', [indices, depth, edges], attributes);
  const on = multiply(gradient, mask);
  const total = (value: Value) =>
    operation('Unsqueeze', [operation('ReduceSum', [value], intOption('keepdims', 0)), ints([0])]);
  return [undefined, undefined, concat([total(subtract(gradient, on)), total(on)], 0)];
};

const sameWay =
  (op: string): GradientRule =>
  (gradient, [, ...rest], _, attributes) => [operation(op, [gradient, ...rest], attributes)];

/** Rules of the operators that move, pick and repeat elements. */
export const movementRules: GradientRules = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transposeRule,
  Concat: concatRule,
  Split: splitRule,
  Slice: sliceRule,
  Expand: unary((gradient) => gradient),
  Tile: tileRule,
  Pad: padRule,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: copied,
  Compress: copied,
  ScatterElements: scatter('ScatterElements', 'GatherElements'),
  ScatterND: scatter('ScatterND', 'GatherND'),
  Trilu: sameWay('Trilu'),
  ReverseSequence: sameWay('ReverseSequence'),
  OneHot: oneHot,
};
