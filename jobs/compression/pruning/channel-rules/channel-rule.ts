import { constant, tensor } from '../../../../shared/onnx/build';
import { where } from '../../../../shared/onnx/expressions';
import type { Attributes, OperationValue, Value } from '../../../../shared/onnx/ir';
import { knownEntries, knownInts } from '../../../../shared/onnx/known-values';
import { elementTypeOf, shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';

/** What a node is written with where sizes have changed. */
export interface NodeParts {
  readonly inputs?: readonly (Value | undefined)[];
  readonly attributes?: Attributes;
}

/** A node whose inputs have lost channels. */
export interface Shrinking {
  /** As it was. */
  readonly node: OperationValue;
  /** Those that it has now. */
  readonly inputs: readonly (Value | undefined)[];
  readonly trace: ChannelTrace;
  /** The indices along an axis that stay; undefined where all do. */
  readonly kept: (axis: Axis) => readonly number[] | undefined;
}

/** What an operator does to channels. */
export interface ChannelRule {
  /**
   * The axes of each output. Every axis of every input has to be accounted for: it is that of an output, it is joined with
   * another, it is contracted by a sum, or it is blocked.
   */
  readonly axes: (node: OperationValue, trace: ChannelTrace) => readonly Axes[];
  /** What else has to change where channels go: sizes, counts and indices that the node is told. */
  readonly shrink?: (shrinking: Shrinking) => NodeParts;
}

export type ChannelRuleTable = Readonly<Record<string, ChannelRule>>;

export const namedRules = (names: string, rule: ChannelRule): ChannelRuleTable =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

/** The operator cannot lose any of what it reads. */
export function blockInputs(node: OperationValue, trace: ChannelTrace, reason: string): readonly Axes[] {
  for (const input of node.inputs) trace.blockAll(input, reason);
  return [];
}

export const takenTogether = ({ op }: OperationValue): string => `${op} takes all of them together`;
export const unclear = ({ op }: OperationValue): string =>
  `what ${op} does to them is known at run time only`;

/** Entries of a list of whole numbers, given new values at some places; the others may be known at run time only. */
export function editEntries(list: Value, edits: ReadonlyMap<number, number>): Value {
  const elementType = elementTypeOf(list) ?? 'int64';
  const known = knownInts(list);
  if (known !== undefined)
    return constant(
      tensor(
        elementType,
        [known.length],
        known.map((entry, index) => edits.get(index) ?? entry),
      ),
    );
  const length = knownEntries(list)?.length ?? Number(shapeOf(list)?.[0]);
  const places = Array.from({ length }, (_, index) => index);
  const changed = constant(
    tensor(
      'bool',
      [length],
      places.map((index) => edits.has(index)),
    ),
  );
  const numbers = constant(
    tensor(
      elementType,
      [length],
      places.map((index) => edits.get(index) ?? 0),
    ),
  );
  return where(changed, numbers, list);
}

/** A literal list of the element type of another. */
export const listLike = (numbers: readonly number[], like: Value | undefined): Value =>
  constant(tensor(elementTypeOf(like) ?? 'int64', [numbers.length], numbers));

/** The sizes that axes of an output have now, where they have lost some: by the axis. */
export function newSizes(axes: Axes, kept: Shrinking['kept']): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>();
  for (const [index, axis] of (axes ?? []).entries()) {
    const stay = kept(axis);
    if (stay !== undefined) sizes.set(index, stay.length);
  }
  return sizes;
}
