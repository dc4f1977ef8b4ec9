import { attribute } from '../../../shared/onnx/attributes';
import { constant, floats, operation } from '../../../shared/onnx/build';
import { castTo, ints, less, multiply, subtract, unsqueeze } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import type { ImageSize } from './affine';
import type { Augmentation } from './augmentation';
import { drawingOf } from './drawing';

/** The middle of each pixel along an axis, as a part of it. */
const middles = (count: number): Value =>
  constant(
    floats(
      [1, count],
      Array.from({ length: count }, (_, place) => (place + 0.5) / count),
    ),
  );

/** Blanks a square of each image `[batch, height, width, channels]`; its middle is anywhere in the image. */
export function cutout(side: number, { height, width }: ImageSize, seed: number): Augmentation {
  const outside = (centres: Value, count: number): Value => {
    const far = operation('Abs', [subtract(middles(count), centres)]);
    return castTo(less(number(side / 2), far), 'float');
  };
  return {
    ...drawingOf({
      name: 'cutout',
      seed,
      dims: [2],
      perRow: true,
      draw: (uniform) => [uniform(), uniform()],
    }),
    apply(examples, { drawn: { cutout: centres } }) {
      if (centres === undefined) return examples;
      const [down, across] = [column(centres, 0), column(centres, 1)];
      // kept where either axis is outside of the square
      const rows = unsqueeze(outside(down, height), [2, 3]);
      const columns = unsqueeze(outside(across, width), [1, 3]);
      const kept = operation('Max', [rows, columns]);
      return { ...examples, features: multiply(examples.features, kept) };
    },
  };
}

/** `[batch, 1]` of `[batch, n]`. */
const column = (values: Value, index: number): Value =>
  operation('Gather', [values, ints([index])], { axis: attribute.int(1) });
