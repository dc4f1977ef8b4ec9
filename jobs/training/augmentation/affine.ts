import type { AugmentationSpec } from '../../../shared/contracts/training/augmentation-spec';
import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { ints, transpose } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import type { Augmentation } from './augmentation';
import { drawingOf, type Uniform } from './drawing';

export interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export type AffineSpec = Pick<AugmentationSpec, 'shift' | 'flip' | 'rotate' | 'scale'>;

/** Where each pixel of the changed image is taken from: `[2, 3]` over coordinates from -1 to 1, x before y. */
function matrixOf({ shift = 0, flip, rotate = 0, scale = 0 }: AffineSpec, size: ImageSize, uniform: Uniform) {
  const around = (most: number) => (2 * uniform() - 1) * most;
  const angle = (around(rotate) * Math.PI) / 180;
  const zoom = 1 / (1 + around(scale));
  const [acrossShift, downShift] = [around(2 * shift), around(2 * shift)];
  const [acrossDraw, downDraw] = [uniform(), uniform()];
  const across = flip !== undefined && flip !== 'vertical' && acrossDraw < 0.5 ? -zoom : zoom;
  const down = flip !== undefined && flip !== 'horizontal' && downDraw < 0.5 ? -zoom : zoom;
  const aspect = size.height / size.width;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [across * cos, -across * sin * aspect, acrossShift, (down * sin) / aspect, down * cos, downShift];
}

const channelsFirst = (images: Value) => transpose(images, [0, 3, 1, 2]);
const channelsLast = (images: Value) => transpose(images, [0, 2, 3, 1]);

/**
 * Shifts, flips, turns and scales images `[batch, height, width, channels]` of floats by one bilinear resampling; what
 * comes from beyond the border has the border's colour.
 */
export function affine(spec: AffineSpec, size: ImageSize, seed: number): Augmentation {
  const { height, width, channels } = size;
  return {
    ...drawingOf({
      name: 'affine',
      seed,
      dims: [2, 3],
      perRow: true,
      draw: (uniform) => matrixOf(spec, size, uniform),
    }),
    apply(examples, { drawn: { affine: matrices } }) {
      const images = channelsFirst(examples.features);
      const shape = operation('Concat', [rowsOf(images), ints([channels, height, width])], {
        axis: attribute.int(0),
      });
      const grid = operation('AffineGrid', [matrices, shape]);
      const sampled = operation('GridSample', [images, grid], {
        mode: attribute.string('linear'),
        padding_mode: attribute.string('border'),
      });
      return { ...examples, features: channelsLast(sampled) };
    },
  };
}

const rowsOf = (images: Value): Value =>
  operation('Shape', [images], { start: attribute.int(0), end: attribute.int(1) });
