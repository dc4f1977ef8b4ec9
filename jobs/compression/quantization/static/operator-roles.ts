import { attributeOf } from '../../../../shared/onnx/attributes';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import { elementTypeOf } from '../../../../shared/onnx/shapes';

/**
 * What an operator without weights does between two int8 layers.
 * - `follows`: its results are some of its input's numbers, so that both have one scale.
 * - `joins`: as that, of several inputs.
 * - `rescales`: its result has a scale of its own.
 * - `bounds`: a range does what it does.
 */
export type Role = 'follows' | 'joins' | 'rescales' | 'bounds';

interface Entry {
  readonly role: Role;
  /** How many of its inputs are activations; all where absent. */
  readonly data?: number;
  /** Forms that ONNX Runtime's integer kernels have. */
  readonly fits?: (node: OperationValue) => boolean;
}

const isFloat = (value: Value | undefined): value is Value => elementTypeOf(value) === 'float';

const onesIn = (node: OperationValue, name: string): boolean =>
  (attributeOf.ints(node.attributes, name) ?? []).every((size) => size === 1);

const follows: Entry = { role: 'follows', data: 1 };
const rescales: Entry = { role: 'rescales', data: 1 };
const bounds: Entry = { role: 'bounds', data: 1, fits: (node) => node.inputs.slice(1).every(isFixed) };
/** A sum with a constant is better left to floats: there its addend stays exact. */
const combines: Entry = {
  role: 'rescales',
  fits: ({ inputs }) => inputs.every((input) => input?.kind !== 'constant'),
};

const isFixed = (input: Value | undefined): boolean => input === undefined || input.kind === 'constant';

/** Operators that ONNX Runtime computes on int8 where they stand between a DequantizeLinear and a QuantizeLinear. */
const entries: Readonly<Record<string, Entry>> = {
  MaxPool: { ...follows, fits: ({ types }) => types.length === 1 },
  Reshape: follows,
  Flatten: follows,
  Transpose: follows,
  Squeeze: follows,
  Unsqueeze: follows,
  Slice: follows,
  Split: follows,
  Gather: follows,
  GatherElements: follows,
  Expand: follows,
  Tile: follows,
  Resize: { ...follows, fits: ({ attributes }) => attributeOf.string(attributes, 'mode') !== 'cubic' },
  Concat: { role: 'joins' },
  AveragePool: { ...rescales, fits: (node) => onesIn(node, 'dilations') },
  GlobalAveragePool: rescales,
  LeakyRelu: rescales,
  Sigmoid: rescales,
  Add: combines,
  Sum: { ...combines, fits: (node) => node.inputs.length === 2 && combines.fits?.(node) === true },
  Mul: combines,
  Relu: bounds,
  Clip: bounds,
};

function entryOf(node: OperationValue): Entry | undefined {
  const entry = node.domain === '' && Object.hasOwn(entries, node.op) ? entries[node.op] : undefined;
  if (entry === undefined || !isFloat(node) || entry.fits?.(node) === false) return undefined;
  return node.inputs.slice(0, entry.data).every(isFloat) ? entry : undefined;
}

/** What a node's operator is called where it is computed on integers: a Sum of two has no kernel of its own. */
export const integerName = ({ op }: OperationValue): string => (op === 'Sum' ? 'Add' : op);

/** Undefined of a node that only floats can compute. */
export const roleOf = (node: OperationValue): Role | undefined => entryOf(node)?.role;

/** The inputs whose numbers are activations. */
export const dataInputsOf = (node: OperationValue): readonly Value[] =>
  node.inputs.slice(0, entryOf(node)?.data).filter(isFloat);

/** The interval that a Relu or Clip keeps to. */
export function boundsOf({ op, inputs }: OperationValue): readonly [low: number, high: number] {
  const bound = (input: Value | undefined, missing: number) =>
    input?.kind === 'constant' ? Number(input.tensor.data[0]) : missing;
  if (op === 'Relu') return [0, Number.POSITIVE_INFINITY];
  return [bound(inputs[1], Number.NEGATIVE_INFINITY), bound(inputs[2], Number.POSITIVE_INFINITY)];
}
