import { attribute, attributeOf, intAttribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { elementTypeOfCode } from '../../../shared/onnx/element-types';
import type { ElementType, OperationValue, Value } from '../../../shared/onnx/ir';
import { knownEntries, knownInts } from '../../../shared/onnx/known-values';
import { elementTypeOf, rankOf, type Shape, shapeOf } from '../../../shared/onnx/shapes';
import { isFilledWith } from './constant-numbers';
import { mayDrop } from './deterministic';

type Rule = (node: OperationValue) => Value | undefined;

const first: Rule = ({ inputs }) => inputs[0];

const isOp = (value: Value | undefined, op: string): value is OperationValue =>
  value?.kind === 'operation' && value.domain === '' && value.op === op;

/** Broadcasting with the constant leaves the value's shape as it is. */
function fitsInto(constant: Value | undefined, value: Value | undefined): boolean {
  const [dims, shape] = [shapeOf(constant), shapeOf(value)];
  if (dims === undefined || shape === undefined || dims.length > shape.length) return dims?.length === 0;
  return dims.every((size, axis) => size === 1 || size === shape[axis + shape.length - dims.length]);
}

/** Arithmetic with a number that leaves everything as it is, at the right or at either side. */
const neutral =
  (number: number, sides: 'right' | 'either'): Rule =>
  ({ inputs: [a, b] }) => {
    if (isFilledWith(b, number) && fitsInto(b, a)) return a;
    return sides === 'either' && isFilledWith(a, number) && fitsInto(a, b) ? b : undefined;
  };

const twice =
  (op: string): Rule =>
  ({ inputs: [x] }) =>
    isOp(x, op) ? x.inputs[0] : undefined;

/** Widening a number and narrowing it again gives the number. */
const holds: Partial<Record<ElementType, ReadonlySet<ElementType>>> = {
  float: new Set(['double']),
  float16: new Set(['float', 'double']),
  bfloat16: new Set(['float', 'double']),
  int32: new Set(['int64', 'double']),
  bool: new Set(['int32', 'int64', 'float', 'double', 'uint8', 'int8']),
};

const cast: Rule = ({ inputs: [x], attributes }) => {
  const to = elementTypeOfCode(intAttribute(attributes, 'to', 0));
  if (to === undefined || x === undefined) return undefined;
  if (elementTypeOf(x) === to) return x;
  const inner = isOp(x, 'Cast') ? x.inputs[0] : undefined;
  const between = elementTypeOf(x);
  const isSafe = between !== undefined && holds[to]?.has(between);
  return isSafe && elementTypeOf(inner) === to ? inner : undefined;
};

const dropout: Rule = (node) => (node.types.length === 1 && !mayDrop(node) ? node.inputs[0] : undefined);

const orderOf = (node: OperationValue): readonly number[] | undefined =>
  attributeOf.ints(node.attributes, 'perm') ??
  (rankOf(node.inputs[0]) === undefined
    ? undefined
    : [...(shapeOf(node.inputs[0]) ?? [])].map((_, i, all) => all.length - 1 - i));

const isInOrder = (order: readonly number[]): boolean => order.every((axis, at) => axis === at);

/** Two reorderings are one, and one that leaves each axis in its place is none. */
const transposition: Rule = (node) => {
  const [x] = node.inputs;
  const order = orderOf(node);
  if (order === undefined || x === undefined) return undefined;
  if (isInOrder(order)) return x;
  const inner = isOp(x, 'Transpose') ? orderOf(x) : undefined;
  if (inner === undefined || !isOp(x, 'Transpose')) return undefined;
  const joined = order.map((axis) => inner[axis] ?? 0);
  return isInOrder(joined)
    ? x.inputs[0]
    : operation('Transpose', [x.inputs[0]], { perm: attribute.ints(joined) });
};

/** Operators that give the same elements in the same order, in another shape. */
const reshaping = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

const isReshaping = (value: Value | undefined): value is OperationValue =>
  value?.kind === 'operation' && value.domain === '' && reshaping.has(value.op);

/** Of as many elements: all sizes but one are known to be equal, and so that one is as well. */
function sameSizes(a: Shape, b: Shape): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  const open = a.filter((size, axis) => typeof size !== 'number' || size !== b[axis]);
  const [only] = open;
  if (open.length === 0) return true;
  const isZero = a.includes(0) || b.includes(0);
  return open.length === 1 && typeof only !== 'number' && !isZero;
}

/** The sizes do not copy any from the input's shape, which may be another one then. */
const copiesNone = (node: OperationValue): boolean =>
  node.op === 'Reshape' && knownInts(node.inputs[1] ?? node)?.every((size) => size !== 0) === true;

const reshape: Rule = (node) => {
  let root: Value | undefined = node;
  while (isReshaping(root)) root = root.inputs[0];
  if (root !== undefined && sameSizes(shapeOf(node), shapeOf(root))) return root;
  return isReshaping(node.inputs[0]) && copiesNone(node)
    ? operation('Reshape', [root, node.inputs[1]], node.attributes)
    : undefined;
};

/** To the sizes that the value has, by number or by name, or to ones. */
const expand: Rule = ({ inputs: [x, sizes] }) => {
  const [wanted, shape] = [sizes && knownEntries(sizes), shapeOf(x)];
  if (wanted === undefined || shape === undefined || wanted.length > shape.length) return undefined;
  const skipped = shape.length - wanted.length;
  const same = wanted.every(
    (size, axis) => size === 1 || (size !== undefined && size === shape[axis + skipped]),
  );
  return same ? x : undefined;
};

const listOf = (node: OperationValue, index: number, name: string): readonly number[] | undefined => {
  const given = node.inputs[index];
  return given === undefined ? attributeOf.ints(node.attributes, name) : knownInts(given);
};

/** Ends that no tensor reaches stand for the whole axis, as exporters write it. */
const beyond = 2 ** 24;

const slice: Rule = (node) => {
  const [x, starts, ends] = [node.inputs[0], listOf(node, 1, 'starts'), listOf(node, 2, 'ends')];
  const axes =
    listOf(node, 3, 'axes') ?? (node.inputs[3] === undefined ? starts?.map((_, at) => at) : undefined);
  const steps = node.inputs[4] === undefined ? [] : listOf(node, 4, 'steps');
  const shape = shapeOf(x);
  if (starts === undefined || ends === undefined || axes === undefined || steps === undefined)
    return undefined;
  const whole = (at: number): boolean => {
    const axis = axes[at] ?? 0;
    const size = shape?.[axis < 0 ? axis + shape.length : axis];
    const end = ends[at] ?? 0;
    return (typeof size === 'number' && end >= size) || end >= beyond;
  };
  const all = starts.every((start, at) => start === 0 && whole(at)) && steps.every((step) => step === 1);
  return all ? x : undefined;
};

const pad: Rule = (node) => {
  const pads = listOf(node, 1, 'pads') ?? attributeOf.ints(node.attributes, 'paddings');
  return pads?.every((size) => size === 0) ? node.inputs[0] : undefined;
};

const single: Rule = (node) =>
  node.inputs.length === 1 && node.types.length === 1 ? node.inputs[0] : undefined;

const unbounded: Rule = ({ inputs: [x, low, high], attributes }) =>
  low === undefined && high === undefined && attributes.min === undefined && attributes.max === undefined
    ? x
    : undefined;

const tile: Rule = ({ inputs: [x, repeats, old] }) =>
  old === undefined && isFilledWith(repeats, 1) ? x : undefined;

const rules: Readonly<Record<string, Rule>> = {
  Identity: first,
  Dropout: dropout,
  Cast: cast,
  Add: neutral(0, 'either'),
  Sub: neutral(0, 'right'),
  Mul: neutral(1, 'either'),
  Div: neutral(1, 'right'),
  Neg: twice('Neg'),
  Not: twice('Not'),
  Transpose: transposition,
  Reshape: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Flatten: reshape,
  Expand: expand,
  Slice: slice,
  Pad: pad,
  Tile: tile,
  Clip: unbounded,
  Concat: single,
  Sum: single,
  Max: single,
  Min: single,
  Mean: single,
};

/** What gives the same as a node, and is simpler; undefined where the node does something. */
export const simplerForm: Rule = (node) =>
  node.domain === '' && Object.hasOwn(rules, node.op) ? rules[node.op]?.(node) : undefined;
