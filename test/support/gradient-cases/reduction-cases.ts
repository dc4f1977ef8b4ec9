import fc from 'fast-check';
import { attribute, operation } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import { list } from '../check-gradient';
import { type GradientCases, shape, shapeAndAxis, uses } from './gradient-case';

const axes = shape(0, 3).chain((dims) =>
  fc.record({
    dims: fc.constant(dims),
    axes:
      dims.length === 0 ? fc.constant(undefined) : fc.option(distinctAxes(dims.length), { nil: undefined }),
    keep: fc.boolean(),
  }),
);

const distinctAxes = (rank: number) =>
  fc
    .subarray(
      Array.from({ length: rank }, (_, axis) => axis),
      { minLength: 1 },
    )
    .chain((chosen) => fc.tuple(...chosen.map((axis) => fc.constantFrom(axis, axis - rank))));

interface Options {
  readonly range?: readonly [number, number];
}

const reduce = (op: string, { range = [-2, 2] }: Options = {}) =>
  uses(axes, ({ dims, axes: chosen, keep }) => ({
    dims: [dims],
    range,
    build: ([x]) => [operation(op, [x, chosen && list(chosen)], { keepdims: attribute.int(Number(keep)) })],
  }));

const along = (op: string) =>
  uses(shapeAndAxis(1, 3), ({ dims, axis }) => ({
    dims: [dims],
    build: ([x]: readonly Value[]) => [operation(op, [x], { axis: attribute.int(axis) })],
  }));

const topK = uses(
  shapeAndAxis(1, 3).chain((drawn) =>
    fc.tuple(fc.constant(drawn), fc.integer({ min: 1, max: drawn.dims.at(drawn.axis) ?? 1 }), fc.boolean()),
  ),
  ([{ dims, axis }, count, largest]) => ({
    dims: [dims],
    build: ([x]: readonly Value[]) => [
      operation('TopK', [x, list([count])], {
        axis: attribute.int(axis),
        largest: attribute.int(Number(largest)),
      }),
    ],
  }),
);

/** Uses of the operators that fold axes, and of the softmaxes. */
export const reductionCases: GradientCases = {
  ReduceSum: reduce('ReduceSum'),
  ReduceMean: reduce('ReduceMean'),
  ReduceMax: reduce('ReduceMax'),
  ReduceMin: reduce('ReduceMin'),
  ReduceProd: reduce('ReduceProd'),
  ReduceL1: reduce('ReduceL1'),
  ReduceL2: reduce('ReduceL2'),
  ReduceSumSquare: reduce('ReduceSumSquare'),
  ReduceLogSum: reduce('ReduceLogSum', { range: [0.3, 3] }),
  ReduceLogSumExp: reduce('ReduceLogSumExp'),
  TopK: topK,
  Softmax: along('Softmax'),
  LogSoftmax: along('LogSoftmax'),
};
