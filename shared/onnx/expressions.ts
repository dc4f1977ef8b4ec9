import { attribute, constant, int64s, operation, scalar, tensor } from './build';
import { elementCount, elementFormats } from './element-types';
import type { ElementType, Value } from './ir';
import { knownEntries } from './known-values';
import { elementTypeOf, shapeOf, staticShape } from './shapes';

/** An operator of two inputs without attributes, as a function of values. */
const binary =
  (op: string) =>
  (a: Value, b: Value): Value =>
    operation(op, [a, b]);

const unary =
  (op: string) =>
  (a: Value): Value =>
    operation(op, [a]);

export const add = binary('Add');
export const subtract = binary('Sub');
export const multiply = binary('Mul');
export const divide = binary('Div');
export const power = binary('Pow');
export const greater = binary('Greater');
export const less = binary('Less');
export const equal = binary('Equal');
export const and = binary('And');
export const matMul = binary('MatMul');
export const negate = unary('Neg');
export const exp = unary('Exp');
export const log = unary('Log');
export const sqrt = unary('Sqrt');
export const not = unary('Not');

/** Picks from `yes` where the condition holds, else from `no`. */
export const where = (condition: Value, yes: Value, no: Value): Value =>
  operation('Where', [condition, yes, no]);

/** A literal scalar of the element type of another value. */
export const scalarLike = (value: number, like: Value): Value =>
  constant(scalar(value, elementTypeOf(like) ?? 'float'));

/** A literal list of sizes, axes or indices. */
export const ints = (values: readonly number[]): Value => constant(int64s(values));

/** The value in another element type; itself where it has that type already. */
export const castTo = (value: Value, elementType: ElementType): Value =>
  elementTypeOf(value) === elementType
    ? value
    : operation('Cast', [value], { to: attribute.int(elementFormats[elementType].code) });

export const castLike = (value: Value, like: Value): Value => castTo(value, elementTypeOf(like) ?? 'float');

/** The sizes of a value as a list: a literal where they are known before the run. */
export function sizesOf(value: Value): Value {
  const known = staticShape(shapeOf(value));
  return known === undefined ? operation('Shape', [value]) : ints(known);
}

/** Axes reordered; in reverse without an order. */
export const transpose = (value: Value, order?: readonly number[]): Value =>
  operation('Transpose', [value], order === undefined ? {} : { perm: attribute.ints(order) });

/** The elements in another shape; a size of -1 is what is left, a size of 0 is none. */
export function reshape(value: Value, sizes: Value): Value {
  const known = knownEntries(sizes);
  const plain = known?.includes(-1) || known?.every((size) => typeof size === 'number' && size > 0);
  return operation('Reshape', [value, sizes], plain ? {} : { allowzero: attribute.int(1) });
}

/** The value in the shape of another that has as many elements; itself where it has that shape already. */
export function reshapeLike(value: Value, like: Value): Value {
  const [own, other] = [staticShape(shapeOf(value)), staticShape(shapeOf(like))];
  const same = own !== undefined && other !== undefined && own.join() === other.join();
  return same ? value : reshape(value, sizesOf(like));
}

/** Sum over axes, which stay with size 1 where `keep`. */
export const reduceSum = (value: Value, axes: readonly number[], keep = true): Value =>
  axes.length === 0
    ? value
    : operation('ReduceSum', [value, ints(axes)], { keepdims: attribute.int(keep ? 1 : 0) });

export const unsqueeze = (value: Value, axes: readonly number[]): Value =>
  axes.length === 0 ? value : operation('Unsqueeze', [value, ints(axes)]);

/** A tensor of one number everywhere, with the shape and element type of another value. */
export function filledLike(number: number, like: Value): Value {
  const elementType = elementTypeOf(like) ?? 'float';
  const known = staticShape(shapeOf(like));
  if (known !== undefined && elementCount(known) <= 16) {
    return constant(tensor(elementType, known, new Array<number>(elementCount(known)).fill(number)));
  }
  return operation('ConstantOfShape', [sizesOf(like)], {
    value: attribute.tensor(tensor(elementType, [1], [number])),
  });
}
