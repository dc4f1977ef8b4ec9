import fc from 'fast-check';
import { attribute, operation } from '../../../shared/onnx/build';
import { type GradientCases, narrowed, shape, size, uses } from './gradient-case';

/** Matrices, stacks of them that broadcast, and vectors on either side. */
const operands = fc
  .record({
    rows: size,
    inner: size,
    columns: size,
    stack: shape(0, 2),
    vectors: fc.constantFrom('', 'a', 'b', 'ab'),
  })
  .chain(({ rows, inner, columns, stack, vectors }) =>
    fc
      .tuple(narrowed(stack), narrowed(stack))
      .map(([left, right]) => [
        vectors.includes('a') ? [inner] : [...left, rows, inner],
        vectors.includes('b') ? [inner] : [...right, inner, columns],
      ]),
  );

const matMul = uses(operands, (dims) => ({ dims, build: (inputs) => [operation('MatMul', inputs)] }));

const gemmShapes = fc.record({
  rows: size,
  inner: size,
  columns: size,
  transA: fc.boolean(),
  transB: fc.boolean(),
  alpha: fc.constantFrom(1, 0.5),
  beta: fc.constantFrom(1, 2, undefined),
});

const gemm = uses(
  gemmShapes.chain((drawn) => fc.tuple(fc.constant(drawn), narrowed([drawn.rows, drawn.columns]))),
  ([{ rows, inner, columns, transA, transB, alpha, beta }, bias]) => ({
    dims: [
      transA ? [inner, rows] : [rows, inner],
      transB ? [columns, inner] : [inner, columns],
      ...(beta === undefined ? [] : [bias]),
    ],
    build: (inputs) => [
      operation('Gemm', inputs, {
        transA: attribute.int(Number(transA)),
        transB: attribute.int(Number(transB)),
        alpha: attribute.float(alpha),
        ...(beta === undefined ? {} : { beta: attribute.float(beta) }),
      }),
    ],
  }),
);

const sizes: Readonly<Record<string, number>> = { a: 2, b: 3, c: 4, d: 2 };

const equations = [
  'ab,bc->ac',
  'abc,acd->abd',
  'ab->ba',
  'ab->a',
  'a,b->ab',
  'ab,ab->',
  'abc,c->ab',
  'ab,bc,cd->ad',
  'ab,bc',
  'abc,b->c',
  '...ab,...bc->...ac',
];

const einsum = uses(fc.tuple(fc.constantFrom(...equations), fc.boolean()), ([equation, more]) => ({
  dims: (equation.split('->')[0] ?? '')
    .split(',')
    .map((term) => [
      ...(term.startsWith('...') && more ? [2] : []),
      ...[...term.replace('...', '')].map((label) => sizes[label] ?? 1),
    ]),
  build: (inputs) => [operation('Einsum', inputs, { equation: attribute.string(equation) })],
}));

/** Uses of the matrix products. */
export const matrixCases: GradientCases = { MatMul: matMul, Gemm: gemm, Einsum: einsum };
