import { InvalidGraphError } from '../../errors/graph-errors';
import { attributeOf } from '../attributes';
import { elementTypeOfCode } from '../element-types';
import type { Attributes, ElementType, TensorType, Value, ValueType } from '../ir';
import { type Shape, shapeOf, tensorType } from '../shapes';

/** One use of an operator, before its output types are known. */
export interface Use {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** How many outputs the node has. */
  readonly outputs: number;
}

export interface Operator {
  /** Fewest and most inputs. */
  readonly inputs: readonly [fewest: number, most: number];
  /** Fewest and most outputs; where most is `many`, every one counts, even when nobody reads it. */
  readonly outputs: readonly [fewest: number, most: number];
  /** Output types; the caller has made sure that all inputs are tensors unless `anyKind`. */
  readonly infer: (use: Use) => readonly ValueType[];
  /** Every output has to be there, even when nobody reads it. */
  readonly keepsOutputs?: boolean;
  /** Takes sequences, optionals and maps as well as tensors. */
  readonly anyKind?: boolean;
}

export type OperatorTable = Readonly<Record<string, Operator>>;

/** No upper bound. */
export const many = Number.POSITIVE_INFINITY;

/** Type of a tensor input that the operator cannot do without. */
export function typeOf(use: Use, index: number): TensorType {
  const type = use.inputs[index]?.type;
  if (type?.kind !== 'tensor') throw new InvalidGraphError(`input ${index} is missing or no tensor`);
  return type;
}

export const inputShape = (use: Use, index: number): Shape => shapeOf(use.inputs[index]);

/** Element type that several inputs share; `InvalidGraphError` where they differ. */
export function sharedElementType(use: Use, indices: readonly number[]): ElementType {
  const present = indices.filter((index) => use.inputs[index] !== undefined);
  const types = present.map((index) => typeOf(use, index).elementType);
  const [first] = types;
  if (first === undefined) throw new InvalidGraphError('needs at least one input');
  const other = types.find((type) => type !== first);
  if (other !== undefined) {
    throw new InvalidGraphError(`element types ${first} and ${other} should be equal: cast one of them`);
  }
  return first;
}

/** Every input's index. */
export const allInputs = (use: Use): readonly number[] => use.inputs.map((_, index) => index);

/** An operator whose one output has the element type of its first input. */
export const shaped = (
  inputs: readonly [number, number],
  shape: (use: Use) => Shape,
  options: { same?: readonly number[] } = {},
): Operator => ({
  inputs,
  outputs: [1, 1],
  infer: (use) => [tensorType(sharedElementType(use, options.same ?? [0]), shape(use))],
});

type Count = number | readonly [fewest: number, most: number];

const range = (count: Count): readonly [number, number] =>
  typeof count === 'number' ? [count, count] : count;

/** An operator by how many inputs and outputs it has, and the types of the outputs. */
export const operator = (
  inputs: Count,
  outputs: Count,
  infer: (use: Use) => readonly ValueType[],
  options: { anyKind?: boolean; keepsOutputs?: boolean } = {},
): Operator => ({
  inputs: range(inputs),
  outputs: range(outputs),
  infer: (use) => infer(use).slice(0, Math.max(use.outputs, 1)),
  ...options,
});

/** One entry for each of the names. */
export const named = (names: string, entry: Operator): OperatorTable =>
  Object.fromEntries(names.split(' ').map((name) => [name, entry]));

/** The element type that an attribute names by number. */
export function elementTypeAttribute(use: Use, name: string): ElementType | undefined {
  const code = attributeOf.int(use.attributes, name);
  return code === undefined || code === 0 ? undefined : elementTypeOfCode(code);
}
