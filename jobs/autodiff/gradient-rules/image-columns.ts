import { attribute, constant, operation, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { ints, reshape, transpose } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import type { Sliding } from './sliding';

type Window = Pick<Sliding, 'kernel' | 'strides' | 'dilations' | 'begins' | 'ends'>;

/** An image `[batch, channels, ...space]`, of which all but the batch is known before the run. */
export interface Image {
  readonly value: Value;
  readonly channels: number;
  readonly space: readonly number[];
}

const axesFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => first + at);

/** `[batch, channels, ...space]` as `[batch, ...space, channels]`. */
export const channelsLast = (value: Value, spaceAxes: number): Value =>
  transpose(value, [0, ...axesFrom(2, spaceAxes), 1]);

/** Every place of a grid, last axis fastest. */
export const placesIn = (sizes: readonly number[]): readonly (readonly number[])[] =>
  sizes.reduce<readonly (readonly number[])[]>(
    (places, size) => places.flatMap((place) => axesFrom(0, size).map((at) => [...place, at])),
    [[]],
  );

function padded(value: Value, { begins, ends }: Window): Value {
  if ([...begins, ...ends].every((pixels) => pixels === 0)) return value;
  return operation('Pad', [value, ints([0, ...begins, 0, 0, ...ends, 0])]);
}

/** The padded pixel that each place of the kernel sees from each output pixel, outputs slowest. */
function pixelsSeen(space: readonly number[], counts: readonly number[], window: Window): Int32Array {
  const sizes = space.map((size, axis) => size + (window.begins[axis] ?? 0) + (window.ends[axis] ?? 0));
  const kernel = placesIn(window.kernel);
  const pixels = placesIn(counts).flatMap((output) =>
    kernel.map((place) =>
      sizes.reduce((pixel, size, axis) => {
        const from = (output[axis] ?? 0) * (window.strides[axis] ?? 1);
        return pixel * size + from + (place[axis] ?? 0) * (window.dilations[axis] ?? 1);
      }, 0),
    ),
  );
  return Int32Array.from(pixels);
}

/**
 * What a kernel sees from each of `counts` output pixels: `[batch * outputs, places of the kernel * channels]` (im2col).
 * Channels last, so that one Gather copies them together, on all threads.
 */
export function columnsOf(
  { value, channels, space }: Image,
  counts: readonly number[],
  window: Window,
): Value {
  const seen = pixelsSeen(space, counts, window);
  const image = padded(channelsLast(value, space.length), window);
  const pixels = reshape(image, ints([0, -1, channels]));
  const places = constant(tensor('int32', [seen.length], seen));
  const columns = operation('Gather', [pixels, places], { axis: attribute.int(1) });
  return reshape(columns, ints([-1, elementCount(window.kernel) * channels]));
}
