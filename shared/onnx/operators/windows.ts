import { InvalidGraphError } from '../../errors/graph-errors';
import { attributeOf, intAttribute } from '../attributes';
import type { Attributes, Dimension } from '../ir';
import { mapSize, printShape, type Shape, tensorType, unknownShape } from '../shapes';
import { givenInts, givenSizes } from './given';
import { inputShape, named, type OperatorTable, operator, shaped, typeOf, type Use } from './operator';

/** How a kernel slides along one spatial axis. */
interface Slide {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
}

const slideOf = (attributes: Attributes, kernel: number, axis: number, rank: number): Slide => {
  const at = (name: string, index: number, missing: number) =>
    attributeOf.ints(attributes, name)?.[index] ?? missing;
  return {
    kernel,
    stride: at('strides', axis, 1),
    dilation: at('dilations', axis, 1),
    begin: at('pads', axis, 0),
    end: at('pads', axis + rank, 0),
  };
};

const extent = ({ kernel, dilation }: Slide): number => (kernel - 1) * dilation + 1;

/** Positions of a sliding window; with `ceil`, a last one that hangs over the end, if it starts inside. */
function positions(size: number, slide: Slide, ceil: boolean): number {
  const room = size + slide.begin + slide.end - extent(slide);
  if (room < 0 && !ceil)
    throw new InvalidGraphError(`a window of ${extent(slide)} is larger than ${size} padded elements`);
  if (!ceil) return Math.floor(room / slide.stride) + 1;
  const count = Math.ceil(room / slide.stride) + 1;
  return (count - 1) * slide.stride >= size + slide.begin ? count - 1 : count;
}

function slideShape(
  spatial: readonly Dimension[],
  kernel: readonly Dimension[],
  attributes: Attributes,
): Dimension[] {
  const auto = attributeOf.string(attributes, 'auto_pad') ?? 'NOTSET';
  const ceil = intAttribute(attributes, 'ceil_mode', 0) !== 0;
  return spatial.map((dimension, axis) => {
    const length = kernel[axis];
    if (typeof length !== 'number') return undefined;
    const slide = slideOf(attributes, length, axis, spatial.length);
    if (auto.startsWith('SAME')) return mapSize(dimension, (size) => Math.ceil(size / slide.stride));
    const padded = auto === 'VALID' ? { ...slide, begin: 0, end: 0 } : slide;
    const keeps = padded.stride === 1 && padded.begin + padded.end === extent(padded) - 1;
    return keeps ? dimension : mapSize(dimension, (size) => positions(size, padded, ceil));
  });
}

const kernelOf = (use: Use, weights: Shape): readonly Dimension[] =>
  attributeOf.ints(use.attributes, 'kernel_shape') ?? weights?.slice(2) ?? [];

function checkChannels(use: Use, x: readonly Dimension[], weights: readonly Dimension[]): void {
  const groups = intAttribute(use.attributes, 'group', 1);
  const [channels, perGroup] = [x[1], weights[1]];
  const known = typeof channels === 'number' && typeof perGroup === 'number';
  if (x.length !== weights.length || (known && channels !== perGroup * groups)) {
    throw new InvalidGraphError(
      `weights ${printShape(weights)} in ${groups} groups do not fit an input of ${printShape(x)}`,
    );
  }
}

function convShape(use: Use, weightIndex = 1): Shape {
  const [x, weights] = [inputShape(use, 0), inputShape(use, weightIndex)];
  if (x === undefined || weights === undefined) return x && unknownShape(x.length);
  checkChannels(use, x, weights);
  return [x[0], weights[0], ...slideShape(x.slice(2), kernelOf(use, weights), use.attributes)];
}

function convTransposeShape(use: Use): Shape {
  const [x, weights] = [inputShape(use, 0), inputShape(use, 1)];
  if (x === undefined || weights === undefined) return x && unknownShape(x.length);
  const groups = intAttribute(use.attributes, 'group', 1);
  const auto = attributeOf.string(use.attributes, 'auto_pad') ?? 'NOTSET';
  const given = attributeOf.ints(use.attributes, 'output_shape');
  const kernel = kernelOf(use, weights);
  const spatial = x.slice(2).map((dimension, axis) => {
    const length = kernel[axis];
    const wanted = given?.slice(-(x.length - 2))[axis];
    if (wanted !== undefined || typeof length !== 'number') return wanted;
    const slide = slideOf(use.attributes, length, axis, x.length - 2);
    const extra = attributeOf.ints(use.attributes, 'output_padding')?.[axis] ?? 0;
    const pads = auto === 'NOTSET' ? slide.begin + slide.end : 0;
    if (auto.startsWith('SAME')) return mapSize(dimension, (size) => size * slide.stride);
    return mapSize(dimension, (size) => (size - 1) * slide.stride + extra + extent(slide) - pads);
  });
  return [x[0], mapSize(weights[1], (size) => size * groups), ...spatial];
}

function poolShape(use: Use): Shape {
  const x = inputShape(use, 0);
  return x && [...x.slice(0, 2), ...slideShape(x.slice(2), kernelOf(use, undefined), use.attributes)];
}

const globalShape = (use: Use): Shape => inputShape(use, 0)?.map((size, axis) => (axis < 2 ? size : 1));

function unpoolShape(use: Use): Shape {
  const x = inputShape(use, 0);
  if (use.inputs[2] !== undefined) return givenSizes(use, 2);
  if (x === undefined) return undefined;
  const kernel = kernelOf(use, undefined);
  const spatial = x.slice(2).map((dimension, axis) => {
    const length = kernel[axis];
    if (typeof length !== 'number') return undefined;
    const slide = slideOf(use.attributes, length, axis, x.length - 2);
    return mapSize(dimension, (size) => (size - 1) * slide.stride - slide.begin - slide.end + slide.kernel);
  });
  return [...x.slice(0, 2), ...spatial];
}

function col2ImShape(use: Use): Shape {
  const [columns, image, block] = [inputShape(use, 0), givenInts(use, 1), givenInts(use, 2)];
  if (columns === undefined || image === undefined || block === undefined) return undefined;
  const area = block.reduce((product, size) => product * size, 1);
  return [columns[0], mapSize(columns[1], (size) => size / area), ...image];
}

const maxPool = operator(1, [1, 2], (use) => {
  const shape = poolShape(use);
  return [tensorType(typeOf(use, 0).elementType, shape), tensorType('int64', shape)];
});

const convInteger = operator([2, 4], 1, (use) => [tensorType('int32', convShape(use))]);

const quantizedConv = operator([8, 9], 1, (use) => [
  tensorType(typeOf(use, 7).elementType, convShape(use, 3)),
]);

/** Operators that slide a window over space. Tensors are [batch, channels, ...space]. */
export const windows: OperatorTable = {
  Conv: shaped([2, 3], (use) => convShape(use), { same: [0, 1, 2] }),
  ConvTranspose: shaped([2, 3], convTransposeShape, { same: [0, 1, 2] }),
  DeformConv: shaped([3, 5], (use) => convShape(use)),
  ConvInteger: convInteger,
  QLinearConv: quantizedConv,
  MaxPool: maxPool,
  ...named('AveragePool LpPool', shaped([1, 1], poolShape)),
  ...named('GlobalAveragePool GlobalMaxPool GlobalLpPool', shaped([1, 1], globalShape)),
  MaxUnpool: shaped([2, 3], unpoolShape),
  Col2Im: shaped([3, 3], col2ImShape),
};
