import fc from 'fast-check';
import { attribute, constant, operation, tensor } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import { type GradientCases, shape, size, uses } from './gradient-case';

type Some = readonly Value[];

const epsilon = { epsilon: attribute.float(0.01) };

const withSpace = fc.tuple(
  fc.integer({ min: 2, max: 3 }),
  size,
  fc.array(fc.integer({ min: 2, max: 3 }), { minLength: 1, maxLength: 2 }),
);

const layer = (op: string, parameters: 1 | 2, elementType: 'float' | 'double') =>
  uses(
    shape(1, 3).chain((dims) =>
      fc.tuple(
        fc.constant(dims.map((each) => each + 1)),
        fc.integer({ min: 0, max: dims.length - 1 }),
        fc.boolean(),
      ),
    ),
    ([dims, axis, fromEnd]) => ({
      dims: [dims, ...new Array<number[]>(parameters).fill(dims.slice(axis))],
      elementType,
      build: (values: Some) => [
        operation(op, values, { ...epsilon, axis: attribute.int(fromEnd ? axis - dims.length : axis) }),
      ],
    }),
  );

const training = uses(withSpace, ([batch, channels, space]) => ({
  dims: [[batch, channels, ...space], [channels], [channels]],
  build: (values: Some) => {
    const zeros = constant(tensor('double', [channels], new Array<number>(channels).fill(0)));
    const options = { ...epsilon, training_mode: attribute.int(1) };
    return [operation('BatchNormalization', [...values, zeros, zeros], options, { outputs: 3 })];
  },
}));

const inference = uses(withSpace, ([batch, channels, space]) => ({
  dims: [[batch, channels, ...space], [channels], [channels], [channels], [channels]],
  range: [0.5, 2],
  build: (values: Some) => [operation('BatchNormalization', values, epsilon)],
}));

const instance = uses(withSpace, ([batch, channels, space]) => ({
  dims: [[batch, channels, ...space], [channels], [channels]],
  elementType: 'float',
  build: (values: Some) => [operation('InstanceNormalization', values, epsilon)],
}));

const group = uses(
  fc.tuple(withSpace, fc.integer({ min: 1, max: 2 })),
  ([[batch, perGroup, space], groups]) => ({
    dims: [[batch, groups * perGroup, ...space], [groups * perGroup], [groups * perGroup]],
    elementType: 'float',
    sized: [0, 1, 2],
    build: (values: Some) => [
      operation('GroupNormalization', values, { ...epsilon, num_groups: attribute.int(groups) }),
    ],
  }),
);

const meanVariance = uses(withSpace, ([batch, channels, space]) => ({
  dims: [[batch, channels, ...space, 2]],
  elementType: 'float',
  build: ([x]: Some) => [operation('MeanVarianceNormalization', [x], { axes: attribute.ints([0, 2]) })],
}));

const lp = uses(fc.tuple(shape(1, 3), fc.constantFrom(1, 2)), ([dims, p]) => ({
  dims: [dims.map((each) => each + 1)],
  build: ([x]: Some) => [
    operation('LpNormalization', [x], { p: attribute.int(p), axis: attribute.int(dims.length - 1) }),
  ],
}));

/** Uses of the operators that bring values to a common scale. */
export const normalizationCases: GradientCases = {
  LayerNormalization: layer('LayerNormalization', 2, 'double'),
  RMSNormalization: layer('RMSNormalization', 1, 'float'),
  SimplifiedLayerNormalization: layer('SimplifiedLayerNormalization', 1, 'float'),
  BatchNormalization: fc.oneof(training, inference),
  InstanceNormalization: instance,
  GroupNormalization: group,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lp,
};
