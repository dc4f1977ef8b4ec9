import fc from 'fast-check';
import { attribute, constant, operation, scalar } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import {
  type GradientCases,
  narrowed,
  pairwise,
  pointwise,
  shape,
  shapeAndAxis,
  uses,
} from './gradient-case';

const positive: readonly [number, number] = [0.3, 3];
const inside: readonly [number, number] = [-0.9, 0.9];

const alpha = fc
  .double({ min: 0.1, max: 2, noNaN: true })
  .map((value) => ({ alpha: attribute.float(value) }));

const several = (op: string, elementType: 'float' | 'double' = 'double') =>
  uses(
    shape(1, 3).chain((dims) => fc.array(narrowed(dims), { minLength: 1, maxLength: 4 })),
    (dims) => ({ dims, elementType, build: (inputs) => [operation(op, inputs)] }),
  );

const clip = uses(fc.tuple(shape(0, 3), fc.boolean(), fc.boolean()), ([dims, low, high]) => ({
  dims: [dims, ...(low ? [[]] : []), ...(high ? [[]] : [])],
  build: ([x, ...bounds]: readonly Value[]) => {
    const raised = operation('Mul', [
      bounds[0] ?? constant(scalar(1, 'double')),
      constant(scalar(0.2, 'double')),
    ]);
    const above = operation('Add', [raised, constant(scalar(0.8, 'double'))]);
    return [operation('Clip', [x, low ? raised : undefined, high ? above : undefined])];
  },
}));

const prelu = uses(
  shape(0, 3).chain((dims) => fc.tuple(fc.constant(dims), narrowed(dims))),
  (dims) => ({ dims, elementType: 'float', build: (inputs) => [operation('PRelu', inputs)] }),
);

const where = uses(
  shape(0, 3).chain((dims) => fc.tuple(narrowed(dims), narrowed(dims), narrowed(dims))),
  (dims) => ({
    dims,
    build: ([a, b, c]: readonly Value[]) => [
      operation('Where', [operation('Greater', [a, constant(scalar(0, 'double'))]), b, c]),
    ],
  }),
);

const cumSum = uses(
  fc.tuple(shapeAndAxis(1, 3), fc.boolean(), fc.boolean()),
  ([{ dims, axis }, reverse, exclusive]) => ({
    dims: [dims],
    build: ([x]: readonly Value[]) => [
      operation('CumSum', [x, constant(scalar(axis, 'int64'))], {
        reverse: attribute.int(Number(reverse)),
        exclusive: attribute.int(Number(exclusive)),
      }),
    ],
  }),
);

const powers = uses(fc.tuple(shape(0, 3), fc.constantFrom(-1, 0.5, 1, 2, 3)), ([dims, exponent]) => ({
  dims: [dims],
  range: positive,
  build: ([x]: readonly Value[]) => [operation('Pow', [x, constant(scalar(exponent, 'double'))])],
}));

const cast = uses(shape(0, 3), (dims) => ({
  dims: [dims],
  elementType: 'float',
  build: ([x]: readonly Value[]) => [
    operation('Cast', [operation('Cast', [x], { to: attribute.int(11) })], { to: attribute.int(1) }),
  ],
}));

const castLike = uses(shape(0, 3), (dims) => ({
  dims: [dims],
  build: ([x]: readonly Value[]) => [operation('CastLike', [x, constant(scalar(1, 'double'))])],
}));

/** Without training it passes everything; in training a ratio of zero does, and the mask is read. */
const dropout = uses(fc.tuple(shape(0, 3), fc.boolean()), ([dims, training]) => ({
  dims: [dims],
  build: ([x]: readonly Value[]) => {
    const off = [constant(scalar(0, 'double')), constant(scalar(true, 'bool'))];
    return [operation('Dropout', training ? [x, ...off] : [x], {}, { outputs: 2 })];
  },
}));

/** Uses of the operators that work element by element. */
export const elementwiseCases: GradientCases = {
  Add: pairwise('Add'),
  Sub: pairwise('Sub'),
  Mul: pairwise('Mul'),
  Div: pairwise('Div', { range: positive }),
  Pow: fc.oneof(powers, pairwise('Pow', { range: positive })),
  Mod: pairwise('Mod', { range: positive, attributes: fc.constant({ fmod: attribute.int(1) }) }),
  Sum: several('Sum'),
  Mean: several('Mean', 'float'),
  Max: several('Max'),
  Min: several('Min'),
  Clip: clip,
  Where: where,
  Identity: pointwise('Identity'),
  Cast: cast,
  CastLike: castLike,
  Neg: pointwise('Neg'),
  Abs: pointwise('Abs'),
  Reciprocal: pointwise('Reciprocal', { range: positive }),
  Sqrt: pointwise('Sqrt', { range: positive }),
  Exp: pointwise('Exp'),
  Log: pointwise('Log', { range: positive }),
  Erf: pointwise('Erf', { elementType: 'float' }),
  Sin: pointwise('Sin'),
  Cos: pointwise('Cos', { elementType: 'float' }),
  Tan: pointwise('Tan', { elementType: 'float', range: inside }),
  Asin: pointwise('Asin', { elementType: 'float', range: inside }),
  Acos: pointwise('Acos', { elementType: 'float', range: inside }),
  Atan: pointwise('Atan', { elementType: 'float' }),
  Sinh: pointwise('Sinh', { elementType: 'float' }),
  Cosh: pointwise('Cosh', { elementType: 'float' }),
  Tanh: pointwise('Tanh'),
  Asinh: pointwise('Asinh', { elementType: 'float' }),
  Acosh: pointwise('Acosh', { elementType: 'float', range: [1.5, 3] }),
  Atanh: pointwise('Atanh', { elementType: 'float', range: inside }),
  Sigmoid: pointwise('Sigmoid'),
  Relu: pointwise('Relu'),
  LeakyRelu: pointwise('LeakyRelu', { attributes: alpha, elementType: 'float' }),
  PRelu: prelu,
  Elu: pointwise('Elu', { attributes: alpha, elementType: 'float' }),
  Selu: pointwise('Selu', { elementType: 'float' }),
  Celu: pointwise('Celu', { attributes: alpha, elementType: 'float' }),
  Gelu: pointwise('Gelu', {
    elementType: 'float',
    attributes: fc.constantFrom({}, { approximate: attribute.string('tanh') }),
  }),
  Softplus: pointwise('Softplus', { elementType: 'float' }),
  Softsign: pointwise('Softsign', { elementType: 'float' }),
  HardSigmoid: pointwise('HardSigmoid', { attributes: alpha, elementType: 'float' }),
  HardSwish: pointwise('HardSwish', { elementType: 'float', range: [-4, 4] }),
  Mish: pointwise('Mish', { elementType: 'float' }),
  Shrink: pointwise('Shrink', {
    elementType: 'float',
    attributes: fc.constant({ lambd: attribute.float(0.7), bias: attribute.float(0.7) }),
  }),
  Swish: pointwise('Swish', { attributes: alpha, elementType: 'float' }),
  ThresholdedRelu: fc.oneof(
    pointwise('ThresholdedRelu', { elementType: 'float', range: [1.2, 3] }),
    pointwise('ThresholdedRelu', { elementType: 'float', range: [-2, 0.8] }),
  ),
  CumSum: cumSum,
  Dropout: dropout,
};
