import { InvalidGraphError } from '../errors/graph-errors';
import type { Dimension, ElementType, TensorType, Value, ValueType } from './ir';

/** Sizes of a tensor; undefined where even the rank is unknown. */
export type Shape = readonly Dimension[] | undefined;

/** A tensor's type in one word. */
export const tensorType = (elementType: ElementType, shape: Shape): TensorType => ({
  kind: 'tensor',
  elementType,
  shape,
});

export const unknownType: ValueType = { kind: 'unknown' };

/** The shape of a value, undefined where it is unknown or no tensor. */
export const shapeOf = (value: Value | undefined): Shape =>
  value?.type.kind === 'tensor' ? value.type.shape : undefined;

/** The element type of a value, undefined where it is unknown or no tensor. */
export const elementTypeOf = (value: Value | undefined): ElementType | undefined =>
  value?.type.kind === 'tensor' ? value.type.elementType : undefined;

export const rankOf = (value: Value | undefined): number | undefined => shapeOf(value)?.length;

const isSize = (dimension: Dimension): dimension is number => typeof dimension === 'number';

/** All sizes as numbers, or undefined where one of them is not known before the run. */
export function staticShape(shape: Shape): readonly number[] | undefined {
  return shape?.every(isSize) ? shape : undefined;
}

export const unknownShape = (rank: number): Dimension[] => new Array<Dimension>(rank).fill(undefined);

const shown = (dimension: Dimension): string => String(dimension ?? '?');

export const printShape = (shape: Shape): string =>
  shape === undefined ? '[...]' : `[${shape.map(shown).join(', ')}]`;

/** A type as people read it: `float[batch, 4]`. */
export function printType(type: ValueType): string {
  if (type.kind === 'tensor') return `${type.elementType}${printShape(type.shape)}`;
  const inner = type.element === undefined ? '' : `<${printType(type.element)}>`;
  return type.kind + inner;
}

/** An axis counted from the front; `InvalidGraphError` outside [-rank, rank). */
export function fromFront(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new InvalidGraphError(
      `axis ${axis} is outside a tensor of rank ${rank}: give one in [${-rank}, ${rank - 1}]`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** What two descriptions of one size say together; `InvalidGraphError` where they contradict. */
export function unifyDimension(a: Dimension, b: Dimension): Dimension {
  if (isSize(a) && isSize(b) && a !== b) throw new InvalidGraphError(`sizes ${a} and ${b} should be equal`);
  if (isSize(a)) return a;
  if (isSize(b)) return b;
  return a ?? b;
}

/** What two descriptions of one shape say together; `InvalidGraphError` where they contradict. */
export function unifyShapes(a: Shape, b: Shape): Shape {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (a.length !== b.length) {
    throw new InvalidGraphError(`shapes ${printShape(a)} and ${printShape(b)} differ in rank`);
  }
  return a.map((dimension, axis) => unifyDimension(dimension, b[axis]));
}

/** What is true of both: sizes that differ become unknown (branches of an If, states of a Loop). */
export function commonShape(a: Shape, b: Shape): Shape {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((dimension, axis) => (dimension === b[axis] ? dimension : undefined));
}

function broadcastDimension(a: Dimension, b: Dimension): Dimension {
  if (a === 1) return b;
  if (b === 1 || a === b) return a;
  if (isSize(a) && isSize(b)) throw new InvalidGraphError(`sizes ${a} and ${b} do not broadcast: equal or 1`);
  if (isSize(a)) return a;
  return isSize(b) ? b : undefined;
}

/** The shape that both broadcast to (ONNX Broadcasting, multidirectional). */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  if (a === undefined || b === undefined) return undefined;
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly Dimension[], axis: number) => {
    const own = axis - rank + shape.length;
    return own < 0 ? 1 : shape[own];
  };
  return unknownShape(rank).map((_, axis) => broadcastDimension(at(a, axis), at(b, axis)));
}

/** Product of sizes: a number, or a lone name where the rest are ones, else unknown. */
export function productOf(dimensions: readonly Dimension[]): Dimension {
  if (dimensions.includes(0)) return 0;
  const rest = dimensions.filter((dimension) => dimension !== 1);
  if (rest.length === 0) return 1;
  if (rest.every(isSize)) return rest.reduce((product, size) => product * size, 1);
  return rest.length === 1 ? rest[0] : undefined;
}

/** A size computed from another where that is known. */
export const mapSize = (dimension: Dimension, compute: (size: number) => number): Dimension =>
  isSize(dimension) ? compute(dimension) : undefined;
