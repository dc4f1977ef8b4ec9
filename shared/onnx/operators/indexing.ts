import { attributeOf, intAttribute } from '../attributes';
import { fromFront, mapSize, type Shape, tensorType, unknownShape } from '../shapes';
import { givenInts, givenSizes } from './given';
import { inputShape, type OperatorTable, operator, shaped, typeOf, type Use } from './operator';

/** Steps of a slice along one axis, with out-of-range ends clamped as the operator defines. */
function sliceLength(
  size: number,
  { start, end, step }: { start: number; end: number; step: number },
): number {
  const clamp = (at: number, low: number, high: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, low), high);
  if (step > 0) return Math.max(0, Math.ceil((clamp(end, 0, size) - clamp(start, 0, size)) / step));
  return Math.max(0, Math.ceil((clamp(end, -1, size - 1) - clamp(start, 0, size - 1)) / step));
}

function sliceShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  if (shape === undefined) return undefined;
  const starts = givenInts(use, 1, 'starts');
  const ends = givenInts(use, 2, 'ends');
  const given = use.inputs[3] === undefined ? attributeOf.ints(use.attributes, 'axes') : givenInts(use, 3);
  const named = use.inputs[3] !== undefined || given !== undefined;
  const axes = given ?? (named ? undefined : starts?.map((_, axis) => axis));
  const steps = use.inputs[4] === undefined ? axes?.map(() => 1) : givenInts(use, 4);
  if (axes === undefined) return unknownShape(shape.length);
  const sliced = [...shape];
  for (const [index, axis] of axes.entries()) {
    const [start, end, step] = [starts?.[index], ends?.[index], steps?.[index]];
    const at = fromFront(axis, shape.length);
    const whole = start === 0 && step === 1 && end !== undefined && end >= 2 ** 31 - 1;
    if (whole) continue;
    const known = start !== undefined && end !== undefined && step !== undefined;
    sliced[at] = known ? mapSize(shape[at], (size) => sliceLength(size, { start, end, step })) : undefined;
  }
  return sliced;
}

function gatherShape(use: Use): Shape {
  const [data, indices] = [inputShape(use, 0), inputShape(use, 1)];
  if (data === undefined || indices === undefined) return undefined;
  const axis = fromFront(intAttribute(use.attributes, 'axis', 0), data.length);
  return [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
}

function gatherNdShape(use: Use): Shape {
  const [data, indices] = [inputShape(use, 0), inputShape(use, 1)];
  const depth = indices?.at(-1);
  if (data === undefined || indices === undefined || typeof depth !== 'number') return undefined;
  const batch = intAttribute(use.attributes, 'batch_dims', 0);
  return [...indices.slice(0, -1), ...data.slice(batch + depth)];
}

function padShape(use: Use): Shape {
  const shape = inputShape(use, 0);
  const pads =
    use.inputs[1] === undefined
      ? (attributeOf.ints(use.attributes, 'pads') ?? attributeOf.ints(use.attributes, 'paddings'))
      : givenInts(use, 1);
  if (shape === undefined || pads === undefined) return shape && unknownShape(shape.length);
  const axes = use.inputs[3] === undefined ? shape.map((_, axis) => axis) : givenInts(use, 3);
  if (axes === undefined) return unknownShape(shape.length);
  const padded = [...shape];
  for (const [index, axis] of axes.entries()) {
    const extra = (pads[index] ?? 0) + (pads[index + axes.length] ?? 0);
    const at = fromFront(axis, shape.length);
    padded[at] = extra === 0 ? shape[at] : mapSize(shape[at], (size) => size + extra);
  }
  return padded;
}

function oneHotShape(use: Use): Shape {
  const indices = inputShape(use, 0);
  if (indices === undefined) return undefined;
  const axis = fromFront(intAttribute(use.attributes, 'axis', -1), indices.length + 1);
  return indices.toSpliced(axis, 0, givenSizes(use, 1)?.[0]);
}

const compress = shaped([2, 2], (use) => {
  const shape = inputShape(use, 0);
  const axis = attributeOf.int(use.attributes, 'axis');
  if (axis === undefined || shape === undefined) return axis === undefined ? [undefined] : undefined;
  return shape.with(fromFront(axis, shape.length), undefined);
});

/** What there is, where it first stood, where each went, and how often. */
const unique = operator(1, [1, 4], (use) => {
  const { elementType, shape } = typeOf(use, 0);
  const axis = attributeOf.int(use.attributes, 'axis');
  const kept = axis === undefined ? [undefined] : shape?.with(fromFront(axis, shape.length), undefined);
  const list = tensorType('int64', [undefined]);
  return [tensorType(elementType, kept), list, list, list];
});

const asFirst = (use: Use): Shape => inputShape(use, 0);

/** Operators that pick, place and mask elements by position. */
export const indexing: OperatorTable = {
  Slice: shaped([1, 5], sliceShape),
  Gather: shaped([2, 2], gatherShape),
  GatherElements: shaped([2, 2], (use) => inputShape(use, 1)),
  GatherND: shaped([2, 2], gatherNdShape),
  Scatter: shaped([3, 3], asFirst),
  ScatterElements: shaped([3, 3], asFirst),
  ScatterND: shaped([3, 3], asFirst),
  TensorScatter: shaped([2, 3], asFirst),
  Pad: shaped([1, 4], padShape),
  Trilu: shaped([1, 2], asFirst),
  ReverseSequence: shaped([2, 2], asFirst),
  Compress: compress,
  Unique: unique,
  OneHot: operator(3, 1, (use) => [tensorType(typeOf(use, 2).elementType, oneHotShape(use))]),
};
