import { attribute, constant, operation, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { add, ints, matMul, reshape, subtract, transpose } from '../../../shared/onnx/expressions';
import type { Dimension, Value } from '../../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { columnsOf } from './image-columns';
import { type Sliding, slidingAttributes, spaceOf, spaceSizes, spanOf } from './sliding';

const isSize = (dimension: Dimension): dimension is number => typeof dimension === 'number';

const axesFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => first + at);

const concat = (...lists: readonly Value[]): Value => operation('Concat', lists, { axis: attribute.int(0) });

/** Pixels at the end of `x` that no kernel reached; undefined where sizes are not known before the run. */
function unreached(x: Value, y: Value, sliding: Sliding): readonly number[] | undefined {
  const [before, after] = [spaceOf(x), spaceOf(y)];
  const rest = before.map((size, axis) => {
    const count = after[axis];
    if (!isSize(size) || !isSize(count)) return undefined;
    const padded = size + (sliding.begins[axis] ?? 0) + (sliding.ends[axis] ?? 0);
    return padded - (count - 1) * (sliding.strides[axis] ?? 1) - spanOf(sliding, axis);
  });
  return rest.every((pixels) => pixels !== undefined) ? rest : undefined;
}

/** Takes every form. */
function byConvTranspose(gradient: Value, weights: Value, x: Value, sliding: Sliding): Value {
  const rest = unreached(x, gradient, sliding);
  const options = slidingAttributes(sliding);
  if (rest !== undefined) {
    const extra = rest.some((pixels) => pixels > 0) ? { output_padding: attribute.ints(rest) } : {};
    return operation('ConvTranspose', [gradient, weights], { ...options, ...extra });
  }
  const none = attribute.ints(sliding.kernel.flatMap(() => [0, 0]));
  const whole = operation('ConvTranspose', [gradient, weights], { ...options, pads: none });
  const begins = ints(sliding.begins.map((pixels) => -pixels));
  const ends = subtract(add(spaceSizes(x), ints(sliding.begins)), spaceSizes(whole));
  return operation('Pad', [whole, concat(ints([0, 0]), begins, ints([0, 0]), ends)]);
}

/** How a kernel slides back over the gradient, from its other end, pixel by pixel. */
function backwards(sliding: Sliding): Sliding {
  const opposite = (pads: readonly number[]) =>
    pads.map((pixels, axis) => spanOf(sliding, axis) - 1 - pixels);
  return { ...sliding, begins: opposite(sliding.begins), ends: opposite(sliding.ends) };
}

/** A Conv by the same kernel, turned round in space. */
function byTurnedKernel(gradient: Value, weights: Value, sliding: Sliding): Value {
  const { kernel } = sliding;
  const each = (value: number) => ints(kernel.map(() => value));
  const axes = axesFrom(2, kernel.length);
  const turned = operation('Slice', [weights, each(-1), each(-(2 ** 31)), ints(axes), each(-1)]);
  const swapped = transpose(turned, [1, 0, ...axes]);
  return operation('Conv', [gradient, swapped], slidingAttributes(backwards(sliding)));
}

interface Sizes {
  readonly inputs: number;
  readonly outputs: number;
  /** Pixels of the input, and of the gradient, along each axis. */
  readonly space: readonly number[];
  readonly counts: readonly number[];
}

/** One product of what the kernel sees of the gradient by the same kernel, its places in reverse. */
function byColumns(gradient: Value, weights: Value, sliding: Sliding, sizes: Sizes): Value {
  const { kernel } = sliding;
  const { inputs, outputs, space, counts } = sizes;
  const places = elementCount(kernel);
  const columns = columnsOf({ value: gradient, channels: outputs, space: counts }, space, backwards(sliding));
  const byPlace = transpose(reshape(weights, ints([outputs, inputs, places])), [2, 0, 1]);
  const reversed = constant(tensor('int32', [places], axesFrom(0, places).toReversed()));
  const turned = operation('Gather', [byPlace, reversed], { axis: attribute.int(0) });
  const rows = matMul(columns, reshape(turned, ints([places * outputs, inputs])));
  const image = reshape(rows, ints([-1, ...space, inputs]));
  return transpose(image, [0, kernel.length + 1, ...axesFrom(1, kernel.length)]);
}

function sizesOf(gradient: Value, weights: Value, x: Value): Sizes | undefined {
  const [outputs, inputs] = staticShape(shapeOf(weights)) ?? [];
  const [space, counts] = [staticShape(spaceOf(x)), staticShape(spaceOf(gradient))];
  if (inputs === undefined || outputs === undefined || !space || !counts) return undefined;
  return { inputs, outputs, space, counts };
}

/** Each output pixel was seen from every place of the kernel once, and there is no padding beyond its span. */
const slidesByPixels = (sliding: Sliding): boolean =>
  sliding.groups === 1 &&
  sliding.strides.every((step) => step === 1) &&
  [sliding.begins, sliding.ends].every((pads) =>
    pads.every((pixels, axis) => pixels < spanOf(sliding, axis)),
  );

const fewChannels = 16;
const manyPlaces = 49;
const manyPixels = 128;

/**
 * What flows back into the input of a Conv: the gradient spread by the same kernel, cut to the input's size. Lowered as it
 * ran fastest on a CPU (batch 64, two threads): a Conv by the turned kernel over large images, one product over small
 * ones, ConvTranspose for the rest.
 */
export function convInputGradient(gradient: Value, weights: Value, x: Value, sliding: Sliding): Value {
  const sizes = sizesOf(gradient, weights, x);
  const dense = slidesByPixels(sliding) && elementCount(sliding.kernel) <= manyPlaces;
  if (sizes === undefined || !dense || sizes.inputs < fewChannels)
    return byConvTranspose(gradient, weights, x, sliding);
  return elementCount(sizes.space) >= manyPixels
    ? byTurnedKernel(gradient, weights, sliding)
    : byColumns(gradient, weights, sliding, sizes);
}
