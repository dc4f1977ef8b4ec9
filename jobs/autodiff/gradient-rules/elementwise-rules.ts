import { floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, operation } from '../../../shared/onnx/build';
import {
  add,
  castLike,
  divide,
  equal,
  exp,
  greater,
  less,
  log,
  multiply,
  negate,
  power,
  scalarLike,
  subtract,
  where,
} from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { knownInts } from '../../../shared/onnx/known-values';
import { binary, type GradientRule, type GradientRules, passed, unary } from './gradient-rule';

const square = (x: Value): Value => multiply(x, x);
const times = (number: number, x: Value): Value => multiply(x, scalarLike(number, x));
const plus = (number: number, x: Value): Value => add(x, scalarLike(number, x));
const oneMinus = (x: Value): Value => subtract(scalarLike(1, x), x);
const onePlus = (x: Value): Value => plus(1, x);
const root = (x: Value): Value => operation('Sqrt', [x]);
const sigmoid = (x: Value): Value => operation('Sigmoid', [x]);
const zero = (like: Value): Value => scalarLike(0, like);
const isPositive = (x: Value): Value => greater(x, zero(x));

/** The gradient where the condition holds, else nothing. */
const only = (condition: Value, gradient: Value): Value => where(condition, gradient, zero(gradient));

/** A rule that multiplies by the derivative. */
const scaled = (derivative: (x: Value, y: Value) => Value): GradientRule =>
  unary((gradient, x, y) => multiply(gradient, derivative(x, y)));

const pow = binary((gradient, { a, b }, y) => {
  const [exponent] = knownInts(b) ?? [];
  const factor = castLike(b, a);
  const slope =
    exponent === 2 ? times(2, a) : multiply(factor, power(a, subtract(factor, scalarLike(1, factor))));
  const logarithm = where(isPositive(a), log(a), zero(a));
  return [multiply(gradient, slope), castLike(multiply(multiply(gradient, y), logarithm), b)];
});

const mod = binary((gradient, { a, b }, y) => [
  gradient,
  negate(multiply(gradient, operation('Round', [divide(subtract(a, y), b)]))),
]);

/** Where several inputs are the extreme one, they share its gradient. */
const extreme: GradientRule = (gradient, inputs, y) => {
  const masks = inputs.map((x) => x && castLike(equal(x, y), gradient));
  const present = masks.filter((mask) => mask !== undefined);
  const ties = present.reduce((sum, mask) => add(sum, mask));
  const share = present.length === 1 ? gradient : divide(gradient, ties);
  return masks.map((mask) => mask && multiply(share, mask));
};

const clip: GradientRule = (gradient, [x, low, high], y) => {
  if (x === undefined) return [];
  return [
    only(equal(x, y), gradient),
    low && only(less(x, low), gradient),
    high && only(greater(x, high), gradient),
  ];
};

const whereRule: GradientRule = (gradient, [condition]) =>
  condition === undefined
    ? []
    : [undefined, only(condition, gradient), where(condition, zero(gradient), gradient)];

const mean: GradientRule = (gradient, inputs) => inputs.map(() => times(1 / inputs.length, gradient));

/** A product with the mask: on a CPU, Where takes twice as long. */
const relu = unary((gradient, _, y) => multiply(gradient, castLike(isPositive(y), gradient)));

const leakyRelu = unary((gradient, x, _, attributes) =>
  where(isPositive(x), gradient, times(floatAttribute(attributes, 'alpha', 0.01), gradient)),
);

const prelu = binary((gradient, { a: x, b: slope }) => [
  where(isPositive(x), gradient, multiply(gradient, slope)),
  where(isPositive(x), zero(gradient), multiply(gradient, x)),
]);

const elu = unary((gradient, x, y, attributes) =>
  where(isPositive(x), gradient, multiply(gradient, plus(floatAttribute(attributes, 'alpha', 1), y))),
);

const selu = unary((gradient, x, y, attributes) => {
  const alpha = floatAttribute(attributes, 'alpha', 1.6732631921768188);
  const gamma = floatAttribute(attributes, 'gamma', 1.0507010221481323);
  return where(isPositive(x), times(gamma, gradient), multiply(gradient, plus(alpha * gamma, y)));
});

const celu = unary((gradient, x, _, attributes) => {
  const alpha = floatAttribute(attributes, 'alpha', 1);
  return where(isPositive(x), gradient, multiply(gradient, exp(times(1 / alpha, x))));
});

/** Derivative of x·Φ(x), or of its tanh approximation (Hendrycks and Gimpel, 2016). */
const gelu = unary((gradient, x, y, attributes) => {
  const form = attributes.approximate;
  const slope = form?.type === 'string' && form.value === 'tanh' ? geluTanhSlope(x, y) : geluSlope(x);
  return multiply(gradient, slope);
});

function geluSlope(x: Value): Value {
  const cumulative = times(0.5, onePlus(operation('Erf', [times(Math.SQRT1_2, x)])));
  const density = times(1 / Math.sqrt(2 * Math.PI), exp(times(-0.5, square(x))));
  return add(cumulative, multiply(x, density));
}

/**
 * The approximation is x·s with s = σ(x·(2k + 2k·c·x²)), since half of 1 + tanh(z) is σ(2z): so its slope is
 * s + y·(1 - s)·(2k + 6k·c·x²), in fewer passes than by tanh.
 */
function geluTanhSlope(x: Value, y: Value): Value {
  const scale = 2 * Math.sqrt(2 / Math.PI);
  const cubic = times(0.044715 * scale, square(x));
  const part = sigmoid(multiply(x, plus(scale, cubic)));
  const bend = multiply(multiply(y, oneMinus(part)), plus(scale, times(3, cubic)));
  return add(part, bend);
}

const hardSigmoid = unary((gradient, _x, y, attributes) => {
  const inside = operation('And', [greater(y, zero(y)), less(y, scalarLike(1, y))]);
  return only(inside, times(floatAttribute(attributes, 'alpha', 0.2), gradient));
});

const hardSwish = unary((gradient, x) => {
  const ramp = multiply(gradient, plus(0.5, times(1 / 3, x)));
  const below = less(x, scalarLike(-3, x));
  return where(below, zero(gradient), where(greater(x, scalarLike(3, x)), gradient, ramp));
});

const mish = scaled((x) => {
  const tanh = operation('Tanh', [operation('Softplus', [x])]);
  return add(tanh, multiply(multiply(x, oneMinus(square(tanh))), sigmoid(x)));
});

const swish = unary((gradient, x, y, attributes) => {
  const alpha = floatAttribute(attributes, 'alpha', 1);
  const gate = sigmoid(times(alpha, x));
  return multiply(gradient, add(gate, multiply(times(alpha, y), oneMinus(gate))));
});

const shrink = unary((gradient, x, _, attributes) =>
  only(greater(operation('Abs', [x]), scalarLike(floatAttribute(attributes, 'lambd', 0.5), x)), gradient),
);

const thresholdedRelu = unary((gradient, x, _, attributes) =>
  only(greater(x, scalarLike(floatAttribute(attributes, 'alpha', 1), x)), gradient),
);

const cumSum = binary((gradient, { b: axis }, _, attributes) => [
  operation('CumSum', [gradient, axis], {
    ...attributes,
    reverse: attribute.int(1 - intAttribute(attributes, 'reverse', 0)),
  }),
]);

const cast = unary((gradient, x) => castLike(gradient, x));

/** Rules of the operators that work element by element. */
export const elementwiseRules: GradientRules = {
  Add: passed,
  Sub: (gradient) => [gradient, negate(gradient)],
  Mul: binary((gradient, { a, b }) => [multiply(gradient, b), multiply(gradient, a)]),
  Div: binary((gradient, { b }, y) => {
    const quotient = divide(gradient, b);
    return [quotient, negate(multiply(quotient, y))];
  }),
  Pow: pow,
  Mod: mod,
  Sum: passed,
  Mean: mean,
  Max: extreme,
  Min: extreme,
  Clip: clip,
  Where: whereRule,
  Identity: passed,
  Cast: cast,
  CastLike: cast,
  Neg: unary((gradient) => negate(gradient)),
  Abs: scaled((x) => operation('Sign', [x])),
  Reciprocal: scaled((_, y) => negate(square(y))),
  Sqrt: unary((gradient, _, y) => divide(times(0.5, gradient), y)),
  Exp: scaled((_, y) => y),
  Log: unary((gradient, x) => divide(gradient, x)),
  Erf: scaled((x) => times(2 / Math.sqrt(Math.PI), exp(negate(square(x))))),
  Sin: scaled((x) => operation('Cos', [x])),
  Cos: scaled((x) => negate(operation('Sin', [x]))),
  Tan: scaled((_, y) => onePlus(square(y))),
  Asin: unary((gradient, x) => divide(gradient, root(oneMinus(square(x))))),
  Acos: unary((gradient, x) => negate(divide(gradient, root(oneMinus(square(x)))))),
  Atan: unary((gradient, x) => divide(gradient, onePlus(square(x)))),
  Sinh: scaled((x) => operation('Cosh', [x])),
  Cosh: scaled((x) => operation('Sinh', [x])),
  Tanh: scaled((_, y) => oneMinus(square(y))),
  Asinh: unary((gradient, x) => divide(gradient, root(onePlus(square(x))))),
  Acosh: unary((gradient, x) => divide(gradient, root(plus(-1, square(x))))),
  Atanh: unary((gradient, x) => divide(gradient, oneMinus(square(x)))),
  Sigmoid: scaled((_, y) => multiply(y, oneMinus(y))),
  Relu: relu,
  LeakyRelu: leakyRelu,
  PRelu: prelu,
  Elu: elu,
  Selu: selu,
  Celu: celu,
  Gelu: gelu,
  Softplus: scaled((x) => sigmoid(x)),
  Softsign: unary((gradient, x) => divide(gradient, square(onePlus(operation('Abs', [x]))))),
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Mish: mish,
  Swish: swish,
  Shrink: shrink,
  ThresholdedRelu: thresholdedRelu,
  CumSum: cumSum,
};
