import fc from 'fast-check';
import { attribute, constant, floats, operation } from '../../../shared/onnx/build';
import type { Attributes, Value } from '../../../shared/onnx/ir';
import { list } from '../check-gradient';
import { type GradientCases, size, uses } from './gradient-case';

type Some = readonly Value[];

const modes = fc.oneof(
  fc.record({
    mode: fc.constant('nearest'),
    nearest_mode: fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
  }),
  fc.record({ mode: fc.constantFrom('linear', 'cubic') }),
);

const placements = fc.constantFrom('half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric');

const images = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  height: fc.integer({ min: 2, max: 4 }),
  width: fc.integer({ min: 2, max: 4 }),
});

const resize = uses(
  fc.tuple(images, fc.tuple(size, size), modes, placements, fc.boolean()),
  ([{ batch, height, width }, [tall, wide], mode, placement, scaled]) => ({
    dims: [[batch, 1, height, width]],
    elementType: 'float',
    sized: [0],
    build: ([x]: Some) => {
      const texts = { ...mode, coordinate_transformation_mode: placement };
      const options: Attributes = Object.fromEntries(
        Object.entries(texts).map(([name, text]) => [name, attribute.string(text)]),
      );
      const scales = constant(floats([4], [1, 1, tall / 2 + 0.5, wide / 2 + 0.5]));
      const sizes = list([batch, 1, tall + 1, wide + 1]);
      return [
        operation('Resize', scaled ? [x, undefined, scales] : [x, undefined, undefined, sizes], options),
      ];
    },
  }),
);

const grid = uses(
  fc.record({
    image: images,
    points: fc.tuple(size, size),
    mode: fc.constantFrom('linear', 'nearest'),
    padding: fc.constantFrom('zeros', 'border'),
    align: fc.boolean(),
  }),
  ({ image: { batch, height, width }, points, mode, padding, align }) => ({
    dims: [
      [batch, 2, height, width],
      [batch, ...points, 2],
    ],
    elementType: 'float',
    range: [-1.2, 1.2],
    build: (values: Some) => [
      operation('GridSample', values, {
        mode: attribute.string(mode),
        padding_mode: attribute.string(padding),
        align_corners: attribute.int(Number(align)),
      }),
    ],
  }),
);

/** Uses of the operators that resample images. */
export const imageCases: GradientCases = { Resize: resize, GridSample: grid };
