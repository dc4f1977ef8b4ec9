import { attributeOf, intAttribute } from '../attributes';
import type { Dimension } from '../ir';
import { fromFront, mapSize, type Shape, tensorType, unknownShape } from '../shapes';
import { givenSizes } from './given';
import { inputShape, type OperatorTable, operator, shaped, typeOf, type Use } from './operator';

const scaled = (dimension: Dimension, scale: Dimension): Dimension => {
  if (scale === 1) return dimension;
  return typeof scale === 'number' ? mapSize(dimension, (size) => Math.floor(size * scale)) : undefined;
};

/** Sizes times scales, or the sizes given. */
function resizeShape(use: Use): Shape {
  const x = inputShape(use, 0);
  if (x === undefined) return undefined;
  const policy = attributeOf.string(use.attributes, 'keep_aspect_ratio_policy') ?? 'stretch';
  if (policy !== 'stretch') return unknownShape(x.length);
  const scales = givenSizes(use, use.inputs.length === 2 ? 1 : 2);
  const sizes = use.inputs[3] && (givenSizes(use, 3) ?? []);
  const axes = attributeOf.ints(use.attributes, 'axes') ?? x.map((_, axis) => axis);
  const resized = [...x];
  for (const [index, axis] of axes.entries()) {
    const at = fromFront(axis, x.length);
    resized[at] = sizes === undefined ? scaled(x[at], scales?.[index]) : sizes[index];
  }
  return resized;
}

function upsampleShape(use: Use): Shape {
  const scales =
    use.inputs[1] === undefined ? attributeOf.floats(use.attributes, 'scales') : givenSizes(use, 1);
  return inputShape(use, 0)?.map((dimension, axis) => scaled(dimension, scales?.[axis]));
}

/** Channels become blocks of pixels, or the other way round. */
function blockShape(use: Use, toSpace: boolean): Shape {
  const x = inputShape(use, 0);
  const block = intAttribute(use.attributes, 'blocksize', 1);
  const grown = (dimension: Dimension, factor: number) => mapSize(dimension, (size) => size * factor);
  const [channels, pixels] = toSpace ? [1 / block ** 2, block] : [block ** 2, 1 / block];
  return x && [x[0], grown(x[1], channels), grown(x[2], pixels), grown(x[3], pixels)];
}

function gridSampleShape(use: Use): Shape {
  const [x, grid] = [inputShape(use, 0), inputShape(use, 1)];
  return x && grid && [x[0], x[1], ...grid.slice(1, -1)];
}

function roiAlignShape(use: Use): Shape {
  const [x, regions] = [inputShape(use, 0), inputShape(use, 1)];
  const height = intAttribute(use.attributes, 'output_height', 1);
  return [regions?.[0], x?.[1], height, intAttribute(use.attributes, 'output_width', 1)];
}

function maxRoiPoolShape(use: Use): Shape {
  const [x, regions] = [inputShape(use, 0), inputShape(use, 1)];
  return [regions?.[0], x?.[1], ...(attributeOf.ints(use.attributes, 'pooled_shape') ?? unknownShape(2))];
}

const affineGrid = operator(2, 1, (use) => {
  const size = givenSizes(use, 1);
  return [tensorType(typeOf(use, 0).elementType, size && [size[0], ...size.slice(2), size.length - 2])];
});

function centerCropPadShape(use: Use): Shape {
  const x = inputShape(use, 0);
  if (x === undefined) return undefined;
  const sizes = givenSizes(use, 1);
  const axes = attributeOf.ints(use.attributes, 'axes') ?? x.map((_, axis) => axis);
  const cropped = [...x];
  for (const [index, axis] of axes.entries()) cropped[fromFront(axis, x.length)] = sizes?.[index];
  return cropped;
}

const nonMaxSuppression = operator([2, 5], 1, () => [tensorType('int64', [undefined, 3])]);

const imageDecoder = operator(1, 1, (use) => {
  const grey = attributeOf.string(use.attributes, 'pixel_format') === 'Grayscale';
  return [tensorType('uint8', [undefined, undefined, grey ? 1 : 3])];
});

/** Operators that resample images and regions of them. Tensors are [batch, channels, ...space]. */
export const resampling: OperatorTable = {
  Resize: shaped([1, 4], resizeShape),
  Upsample: shaped([1, 2], upsampleShape),
  DepthToSpace: shaped([1, 1], (use) => blockShape(use, true)),
  SpaceToDepth: shaped([1, 1], (use) => blockShape(use, false)),
  GridSample: shaped([2, 2], gridSampleShape),
  AffineGrid: affineGrid,
  RoiAlign: shaped([3, 3], roiAlignShape),
  MaxRoiPool: shaped([2, 2], maxRoiPoolShape),
  NonMaxSuppression: nonMaxSuppression,
  CenterCropPad: shaped([2, 2], centerCropPadShape),
  ImageDecoder: imageDecoder,
};
