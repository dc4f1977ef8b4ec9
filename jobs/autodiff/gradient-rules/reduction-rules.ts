import { intAttribute } from '../../../shared/onnx/attributes';
import { attribute, operation, output } from '../../../shared/onnx/build';
import {
  castLike,
  divide,
  equal,
  exp,
  filledLike,
  ints,
  multiply,
  negate,
  reduceSum,
  reshape,
  scalarLike,
  sizesOf,
  subtract,
  unsqueeze,
  where,
} from '../../../shared/onnx/expressions';
import type { Attributes, OperationValue, Value } from '../../../shared/onnx/ir';
import { axesOf } from '../../../shared/onnx/operators/reduction';
import { productOf, shapeOf } from '../../../shared/onnx/shapes';
import { type GradientRule, type GradientRules, unary } from './gradient-rule';

/** A reduction's output, or a gradient of it, with the reduced axes back at size 1. */
function withAxes(value: Value, node: OperationValue): Value {
  const [x] = node.inputs;
  if (x === undefined || intAttribute(node.attributes, 'keepdims', 1) !== 0) return value;
  const axes = axesOf(node);
  if (axes === undefined) return reshape(value, keptSizes(x, node));
  return axes.length === 0 ? value : unsqueeze(value, axes);
}

/** The sizes that the output would have with its axes kept, found at run time. */
function keptSizes(x: Value, node: OperationValue): Value {
  const axes = node.inputs[1];
  const sizes = operation('Shape', [x]);
  if (axes === undefined) return sizes;
  const column = operation('Unsqueeze', [axes, ints([-1])]);
  const ones = operation('Expand', [ints([1]), operation('Shape', [axes])]);
  return operation('ScatterND', [sizes, column, ones]);
}

const spread = (value: Value, like: Value): Value => operation('Expand', [value, sizesOf(like)]);

/** How many elements of `x` each element of a reduction of it was made of, in the element type of `like`. */
export function countPer(x: Value, y: Value, like: Value): Value {
  const [whole, left] = [shapeOf(x), shapeOf(y)].map((shape) => shape && productOf(shape));
  if (typeof whole === 'number' && typeof left === 'number' && left > 0)
    return scalarLike(whole / left, like);
  const size = (value: Value) => castLike(operation('Size', [value]), like);
  return divide(size(x), size(y));
}

type Derivative = (x: Value, y: Value) => Value;

/** A rule that spreads the gradient over what was reduced, times the derivative there. */
const reduced = (derivative: Derivative): GradientRule =>
  unary((gradient, x, y) => spread(multiply(withAxes(gradient, y), derivative(x, withAxes(y, y))), x));

/** Another reduction over the same axes, which stay with size 1. */
function alike(op: string, value: Value, { inputs, attributes }: OperationValue): Value {
  const axes = inputs[1] ?? (attributes.axes?.type === 'ints' ? ints(attributes.axes.value) : undefined);
  const noop = attributes.noop_with_empty_axes;
  const options = {
    keepdims: attribute.int(1),
    ...(noop === undefined ? {} : { noop_with_empty_axes: noop }),
  };
  return operation(op, [value, axes], options);
}

/** Elements that tie for the extreme value share its gradient. */
const extreme = unary((gradient, x, y) => {
  const mask = castLike(equal(x, withAxes(y, y)), gradient);
  return multiply(mask, divide(withAxes(gradient, y), alike('ReduceSum', mask, y)));
});

/** The product of the others, right also where one element, or several, are zero. */
const product = unary((gradient, x, y) => {
  const zero = scalarLike(0, x);
  const one = scalarLike(1, x);
  const isZero = equal(x, zero);
  const zeros = alike('ReduceSum', castLike(isZero, x), y);
  const safe = where(isZero, one, x);
  const rest = alike('ReduceProd', safe, y);
  const atZero = where(equal(zeros, one), rest, zero);
  const elsewhere = where(equal(zeros, zero), divide(rest, safe), zero);
  return multiply(withAxes(gradient, y), where(isZero, atZero, elsewhere));
});

const mean = unary((gradient, x, y) => spread(withAxes(divide(gradient, countPer(x, y, gradient)), y), x));

/** No direction is steepest where the norm is zero; zero is taken. */
const norm = unary((gradient, x, y) => {
  const length = withAxes(y, y);
  const safe = where(equal(length, scalarLike(0, y)), scalarLike(1, y), length);
  return multiply(divide(withAxes(gradient, y), safe), x);
});

const times = (number: number, x: Value): Value => multiply(x, scalarLike(number, x));

/** The k best values go back to where they were taken from. */
const topK: GradientRule = (gradient, [x], node, attributes) => {
  if (x === undefined) return [];
  const axis = attribute.int(intAttribute(attributes, 'axis', -1));
  return [operation('ScatterElements', [filledLike(0, x), output(node, 1), gradient], { axis })];
};

function softmaxAxis(attributes: Attributes): readonly number[] {
  return [intAttribute(attributes, 'axis', -1)];
}

const softmax = unary((gradient, _, y, attributes) => {
  const weighted = multiply(gradient, y);
  return subtract(weighted, multiply(y, reduceSum(weighted, softmaxAxis(attributes))));
});

const logSoftmax = unary((gradient, _, y, attributes) =>
  subtract(gradient, multiply(exp(y), reduceSum(gradient, softmaxAxis(attributes)))),
);

/** Rules of the operators that fold axes, and of the softmaxes, which normalise along one. */
export const reductionRules: GradientRules = {
  ReduceSum: unary((gradient, x, y) => spread(withAxes(gradient, y), x)),
  ReduceMean: mean,
  ReduceMax: extreme,
  ReduceMin: extreme,
  ReduceProd: product,
  ReduceL1: reduced((x) => operation('Sign', [x])),
  ReduceL2: norm,
  ReduceSumSquare: reduced((x) => times(2, x)),
  ReduceLogSum: reduced((_, y) => exp(negate(y))),
  ReduceLogSumExp: reduced((x, y) => exp(subtract(x, y))),
  TopK: topK,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
};
