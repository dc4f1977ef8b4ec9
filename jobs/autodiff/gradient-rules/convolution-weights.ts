import { attribute, operation } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { ints, matMul, reduceSum, reshape, transpose, unsqueeze } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { rankOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { channelsLast, columnsOf, placesIn } from './image-columns';
import { type Sliding, spaceOf, spaceSizes } from './sliding';

const axesFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => first + at);

const concat = (values: readonly Value[], axis: number): Value =>
  operation('Concat', values, { axis: attribute.int(axis) });

const swapFirst = (value: Value): Value => transpose(value, [1, 0, ...axesFrom(2, (rankOf(value) ?? 2) - 2)]);

/** [batch, groups * channels, ...] as [channels, groups * batch, ...]. */
function batchAsChannels(value: Value, { groups, perGroup }: Sliding): Value {
  if (groups === 1) return swapFirst(value);
  const space = spaceSizes(value);
  const apart = reshape(value, concat([ints([-1, groups, perGroup]), space], 0));
  const turned = transpose(apart, [2, 1, 0, ...axesFrom(3, (rankOf(value) ?? 2) - 2)]);
  return reshape(turned, concat([ints([perGroup, -1]), space], 0));
}

/** A Conv of the input by the gradient, with batch and channels swapped, and stride and dilation too. Takes every form. */
function byConv(x: Value, gradient: Value, sliding: Sliding): Value {
  const { kernel, strides, dilations, begins, ends, groups } = sliding;
  const columns = operation('Conv', [batchAsChannels(x, sliding), swapFirst(gradient)], {
    strides: attribute.ints(dilations),
    dilations: attribute.ints(strides),
    pads: attribute.ints([...begins, ...ends]),
    group: attribute.int(groups),
  });
  const swapped = swapFirst(columns);
  if (spaceOf(columns).every((size, axis) => size === kernel[axis])) return swapped;
  return operation('Slice', [
    swapped,
    ints(kernel.map(() => 0)),
    ints(kernel),
    ints(axesFrom(2, kernel.length)),
  ]);
}

interface Sizes {
  readonly inputs: number;
  readonly outputs: number;
  /** Input pixels along each axis. */
  readonly space: readonly number[];
  /** Output pixels along each axis. */
  readonly counts: readonly number[];
}

/** The pixels of a padded image that one place of the kernel sees. */
function seenFrom(image: Value, place: readonly number[], sliding: Sliding, { counts }: Sizes): Value {
  const starts = place.map((at, axis) => at * (sliding.dilations[axis] ?? 1));
  const ends = starts.map(
    (start, axis) => start + ((counts[axis] ?? 1) - 1) * (sliding.strides[axis] ?? 1) + 1,
  );
  const axes = axesFrom(2, place.length);
  return operation('Slice', [image, ints(starts), ints(ends), ints(axes), ints(sliding.strides)]);
}

function padded(x: Value, { begins, ends }: Sliding): Value {
  if ([...begins, ...ends].every((pixels) => pixels === 0)) return x;
  return operation('Pad', [x, ints([0, 0, ...begins, 0, 0, ...ends])]);
}

/** One [outputs, inputs] matrix for each place, put together to [outputs, inputs, ...kernel]. */
function fromPlaces(matrices: readonly Value[], { inputs, outputs }: Sizes, { kernel }: Sliding): Value {
  const stacked = concat(
    matrices.map((matrix) => unsqueeze(matrix, [2])),
    2,
  );
  return reshape(stacked, ints([outputs, inputs, ...kernel]));
}

/** One product of what the kernel sees by the gradient, over all pixels of the batch. */
function byColumns(x: Value, gradient: Value, sliding: Sliding, sizes: Sizes): Value {
  const { kernel } = sliding;
  const image = { value: x, channels: sizes.inputs, space: sizes.space };
  const columns = columnsOf(image, sizes.counts, sliding);
  const rows = reshape(channelsLast(gradient, kernel.length), ints([-1, sizes.outputs]));
  const product = operation('Gemm', [columns, rows], { transA: attribute.int(1) });
  const apart = reshape(product, ints([...kernel, sizes.inputs, sizes.outputs]));
  return transpose(apart, [kernel.length + 1, kernel.length, ...axesFrom(0, kernel.length)]);
}

/** For each place of the kernel one product for each image, summed over the batch. */
function byImages(x: Value, gradient: Value, sliding: Sliding, sizes: Sizes): Value {
  const image = padded(x, sliding);
  const rows = reshape(gradient, ints([0, sizes.outputs, -1]));
  const matrices = placesIn(sliding.kernel).map((place) => {
    const seen = reshape(seenFrom(image, place, sliding, sizes), ints([0, sizes.inputs, -1]));
    return reduceSum(matMul(rows, transpose(seen, [0, 2, 1])), [0], false);
  });
  return fromPlaces(matrices, sizes, sliding);
}

function sizesOf(x: Value, gradient: Value): Sizes | undefined {
  const [before, after] = [shapeOf(x)?.slice(1), shapeOf(gradient)?.slice(1)];
  const [inputs, ...space] = staticShape(before) ?? [];
  const [outputs, ...counts] = staticShape(after) ?? [];
  return inputs === undefined || outputs === undefined ? undefined : { inputs, outputs, space, counts };
}

const fewChannels = 4;
const manyPlaces = 49;
const manyPixels = 128;

/**
 * The gradient of a Conv's weights, [outputs, inputs / groups, ...kernel], lowered as it ran fastest on a CPU (batch 64, one
 * thread): one product per image where images are large, one over all pixels where they are small, a Conv for the rest.
 */
export function convWeightGradient(x: Value, gradient: Value, sliding: Sliding): Value {
  const sizes = sizesOf(x, gradient);
  const dense = sliding.groups === 1 && elementCount(sliding.kernel) <= manyPlaces;
  if (sizes === undefined || !dense || sizes.inputs < fewChannels) return byConv(x, gradient, sliding);
  const pixels = elementCount(sizes.counts);
  const large = pixels >= Math.max(manyPixels, sizes.outputs);
  return large ? byImages(x, gradient, sliding, sizes) : byColumns(x, gradient, sliding, sizes);
}
