import fc from 'fast-check';
import { attribute, constant, operation, output, tensor } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import { type GradientCases, pointwise, shape, size, uses } from './gradient-case';

type Some = readonly Value[];

const domain = 'com.microsoft';

const fusedMatMul = uses(
  fc.record({
    stack: shape(0, 2),
    rows: size,
    inner: size,
    columns: size,
    transA: fc.boolean(),
    transB: fc.boolean(),
  }),
  ({ stack, rows, inner, columns, transA, transB }) => ({
    dims: [
      [...stack, ...(transA ? [inner, rows] : [rows, inner])],
      [...stack, ...(transB ? [columns, inner] : [inner, columns])],
    ],
    elementType: 'float',
    build: (values: Some) => [
      operation(
        'FusedMatMul',
        values,
        {
          transA: attribute.int(Number(transA)),
          transB: attribute.int(Number(transB)),
          alpha: attribute.float(0.5),
        },
        { domain },
      ),
    ],
  }),
);

const biased = (op: string) =>
  uses(shape(1, 3), (dims) => ({
    dims: [dims, dims.slice(-1)],
    elementType: 'float',
    build: (values: Some) => [operation(op, values, {}, { domain })],
  }));

const skip = (op: string, parameters: number) =>
  uses(
    fc.tuple(size, size, fc.integer({ min: 2, max: 4 }), fc.boolean()),
    ([batch, length, width, both]) => ({
      dims: [
        [batch, length, width],
        [batch, length, width],
        ...new Array<number[]>(parameters).fill([width]),
      ],
      elementType: 'float',
      build: (values: Some) => {
        const node = operation(op, values, { epsilon: attribute.float(0.01) }, { domain, outputs: 4 });
        return both ? [node, output(node, 3)] : [node];
      },
    }),
  );

const embedding = uses(
  fc.tuple(size, size, fc.integer({ min: 2, max: 4 }), fc.boolean()),
  ([batch, length, width, segmented]) => ({
    dims: [[6, width], [length, width], [width], [width], ...(segmented ? [[2, width]] : [])],
    elementType: 'float',
    sized: [0, 1, 2, 3, 4],
    build: ([words, positions, scale, shift, segments]: Some) => {
      const ids = (count: number) =>
        constant(
          tensor(
            'int32',
            [batch, length],
            Array.from({ length: batch * length }, (_, at) => (at * 5) % count),
          ),
        );
      const inputs = [ids(6), segments && ids(2), words, positions, segments, scale, shift];
      return [
        operation(
          'EmbedLayerNormalization',
          inputs,
          { epsilon: attribute.float(0.01) },
          { domain, outputs: 2 },
        ),
      ];
    },
  }),
);

/** Uses of the fused operators of ONNX Runtime. */
export const fusedCases: GradientCases = {
  FusedMatMul: fusedMatMul,
  Gelu: pointwise('Gelu', { domain, elementType: 'float' }),
  QuickGelu: pointwise('QuickGelu', { domain, elementType: 'float' }),
  FastGelu: biased('FastGelu'),
  BiasGelu: biased('BiasGelu'),
  EmbedLayerNormalization: embedding,
  SkipLayerNormalization: skip('SkipLayerNormalization', 3),
  SkipSimplifiedLayerNormalization: skip('SkipSimplifiedLayerNormalization', 2),
};
