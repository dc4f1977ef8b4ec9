import { floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, operation } from '../../../shared/onnx/build';
import {
  ints,
  matMul,
  multiply,
  reshape,
  scalarLike,
  transpose,
  unsqueeze,
} from '../../../shared/onnx/expressions';
import type { Attributes, Value } from '../../../shared/onnx/ir';
import { rankOf, shapeOf } from '../../../shared/onnx/shapes';
import { binary, type Gradient, type GradientRule, type GradientRules, type Operands } from './gradient-rule';

interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/** A product of matrices; transposing costs nothing inside Gemm. */
function gemm(a: Value, b: Value, { transA = false, transB = false, alpha = 1 }: GemmOptions): Value {
  const attributes: Attributes = {
    ...(transA ? { transA: attribute.int(1) } : {}),
    ...(transB ? { transB: attribute.int(1) } : {}),
    ...(alpha === 1 ? {} : { alpha: attribute.float(alpha) }),
  };
  return operation('Gemm', [a, b], attributes);
}

/** The last two axes swapped. */
function swapped(value: Value): Value {
  const rank = rankOf(value) ?? 2;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(value, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

/** All leading axes folded into rows. */
function asRows(value: Value): Value {
  const columns = shapeOf(value)?.at(-1);
  if (rankOf(value) === 2) return value;
  return typeof columns === 'number'
    ? reshape(value, ints([-1, columns]))
    : operation('Flatten', [value], { axis: attribute.int(-1) });
}

const matMulOfMatrices = (gradient: Value, { a, b }: Operands): readonly Gradient[] => [
  gemm(gradient, b, { transB: true }),
  gemm(a, gradient, { transA: true }),
];

/** A weight matrix shared by all leading axes gets one product over all rows, not a sum of products. */
const matMulOfStacks = (gradient: Value, { a, b }: Operands): readonly Gradient[] => [
  matMul(gradient, swapped(b)),
  rankOf(b) === 2 ? gemm(asRows(a), asRows(gradient), { transA: true }) : matMul(swapped(a), gradient),
];

/** Vectors are matrices of one row or column. */
function matMulOfVectors(gradient: Value, { a, b }: Operands): readonly Gradient[] {
  const [rowVector, columnVector] = [rankOf(a) === 1, rankOf(b) === 1];
  const lifted = unsqueeze(gradient, [
    ...(columnVector ? [-1] : []),
    ...(rowVector ? [columnVector ? -2 : -2] : []),
  ]);
  const operands = { a: rowVector ? unsqueeze(a, [0]) : a, b: columnVector ? unsqueeze(b, [1]) : b };
  const [left, right] = matMulOfStacks(lifted, operands);
  const squeeze = (value: Gradient, axis: number) => value && operation('Squeeze', [value, ints([axis])]);
  return [rowVector ? squeeze(left, -2) : left, columnVector ? squeeze(right, -1) : right];
}

const matMulRule = binary((gradient, operands) => {
  const [left, right] = [rankOf(operands.a), rankOf(operands.b)];
  if (left === 2 && right === 2) return matMulOfMatrices(gradient, operands);
  return left === 1 || right === 1 ? matMulOfVectors(gradient, operands) : matMulOfStacks(gradient, operands);
});

const gemmRule: GradientRule = (gradient, [a, b, c], _, attributes) => {
  if (a === undefined || b === undefined) return [];
  const transA = intAttribute(attributes, 'transA', 0) !== 0;
  const transB = intAttribute(attributes, 'transB', 0) !== 0;
  const alpha = floatAttribute(attributes, 'alpha', 1);
  const beta = floatAttribute(attributes, 'beta', 1);
  return [
    transA
      ? gemm(b, gradient, { transA: transB, transB: true, alpha })
      : gemm(gradient, b, { transB: !transB, alpha }),
    transB
      ? gemm(gradient, a, { transA: true, transB: transA, alpha })
      : gemm(a, gradient, { transA: !transA, alpha }),
    c && (beta === 1 ? gradient : multiply(gradient, scalarLike(beta, gradient))),
  ];
};

/** Rules of matrix products. */
export const matrixRules: GradientRules = { MatMul: matMulRule, Gemm: gemmRule };
