import { attributeOf, intAttribute } from './attributes';
import { elementCount } from './element-types';
import type { Attributes, Dimension, ElementType, OperationValue, Tensor, Value } from './ir';
import { inputsOf, postOrder } from './post-order';
import { productOf, shapeOf } from './shapes';

/** A scalar or list whose entries are known before the run, or known by the name of a symbolic size. */
interface Known {
  readonly rank: 0 | 1;
  readonly entries: readonly Dimension[];
}

type Evaluate = (inputs: readonly (Known | undefined)[], node: OperationValue) => Known | undefined;

/** Longer lists are data, not shapes. */
const longest = 1024;

const list = (entries: readonly Dimension[]): Known => ({ rank: 1, entries });

const isNumber = (entry: Dimension): entry is number => typeof entry === 'number';

const encoded: ReadonlySet<ElementType> = new Set(['float16', 'bfloat16', 'int4', 'uint4', 'int2', 'uint2']);

function fromTensor({ elementType, dims, data }: Tensor): Known | undefined {
  const count = elementCount(dims);
  if (dims.length > 1 || count > longest || count !== data.length || encoded.has(elementType))
    return undefined;
  const entries = Array.from<unknown, Dimension>(data, (entry) =>
    typeof entry === 'string' ? undefined : Number(entry),
  );
  return { rank: dims.length === 0 ? 0 : 1, entries };
}

function shapeSlice(node: OperationValue): Known | undefined {
  const shape = shapeOf(node.inputs[0]);
  if (shape === undefined) return undefined;
  const end = attributeOf.int(node.attributes, 'end');
  return list(shape.slice(intAttribute(node.attributes, 'start', 0), end));
}

function size(node: OperationValue): Known | undefined {
  const shape = shapeOf(node.inputs[0]);
  return shape && { rank: 0, entries: [productOf(shape)] };
}

const same: Evaluate = ([first]) => first;

/** Entry by entry with broadcasting of single entries. `named` says what remains known where a name takes part. */
const combine =
  (
    compute: (a: number, b: number) => number,
    named: (a: Dimension, b: Dimension) => Dimension = () => undefined,
  ): Evaluate =>
  ([a, b]) => {
    if (a === undefined || b === undefined) return undefined;
    const length = a.entries.length === 1 ? b.entries.length : a.entries.length;
    if (b.entries.length !== 1 && b.entries.length !== length) return undefined;
    const at = (known: Known, index: number) => known.entries[known.entries.length === 1 ? 0 : index];
    const entries = Array.from({ length }, (_, index) => {
      const [left, right] = [at(a, index), at(b, index)];
      return isNumber(left) && isNumber(right) ? compute(left, right) : named(left, right);
    });
    return { rank: a.rank === 0 && b.rank === 0 ? 0 : 1, entries };
  };

const oneOr = (a: Dimension, b: Dimension): Dimension => (a === 1 ? b : b === 1 ? a : undefined);

const fold =
  (reduce: (entries: readonly Dimension[]) => Dimension): Evaluate =>
  ([first], node) => {
    if (first === undefined) return undefined;
    const keep = intAttribute(node.attributes, 'keepdims', 1) !== 0;
    return { rank: keep ? first.rank : 0, entries: [reduce(first.entries)] };
  };

const overNumbers =
  (reduce: (numbers: readonly number[]) => number) =>
  (entries: readonly Dimension[]): Dimension =>
    entries.every(isNumber) ? reduce(entries) : undefined;

const gather: Evaluate = ([data, indices], node) => {
  if (data?.rank !== 1 || indices === undefined || intAttribute(node.attributes, 'axis', 0) !== 0)
    return undefined;
  const entries = indices.entries.map((index) => (isNumber(index) ? data.entries.at(index) : undefined));
  return { rank: indices.rank, entries };
};

const concat: Evaluate = (inputs) => {
  const parts = inputs.map((known) => known?.entries);
  return parts.every((part) => part !== undefined) ? list(parts.flat()) : undefined;
};

/** Numbers of a known list, from an input or, in old versions, an attribute. */
function numbers(
  known: Known | undefined,
  attributes: Attributes,
  name: string,
): readonly number[] | undefined {
  const entries = known?.entries ?? attributeOf.ints(attributes, name);
  return entries?.every(isNumber) ? entries : undefined;
}

const slice: Evaluate = ([data, starts, ends, , steps], { attributes, inputs }) => {
  const [start] = numbers(starts, attributes, 'starts') ?? [];
  const [end] = numbers(ends, attributes, 'ends') ?? [];
  const [step] = inputs[4] === undefined ? [1] : (numbers(steps, attributes, 'steps') ?? []);
  if (data === undefined || start === undefined || end === undefined || step === undefined) return undefined;
  if (step > 0) return list(data.entries.slice(start, end).filter((_, index) => index % step === 0));
  const last = data.entries.length;
  const from = Math.min(start < 0 ? start + last : start, last - 1);
  const to = end < 0 ? Math.max(end + last, -1) : end;
  const picked: Dimension[] = [];
  for (let index = from; index > to && step < 0; index += step) picked.push(data.entries[index]);
  return list(picked);
};

const reshape: Evaluate = ([data], node) => {
  const rank = shapeOf(node)?.length;
  return data && (rank === 0 || rank === 1) ? { rank, entries: data.entries } : undefined;
};

const fill = (length: number, entry: Dimension): Known | undefined =>
  length >= 0 && length <= longest ? list(new Array<Dimension>(length).fill(entry)) : undefined;

const constantOfShape: Evaluate = ([shape], node) => {
  const [length] = shape?.entries ?? [];
  if (shape?.entries.length !== 1 || !isNumber(length)) return undefined;
  const value = attributeOf.tensor(node.attributes, 'value');
  return fill(length, value === undefined ? 0 : fromTensor(value)?.entries[0]);
};

const range: Evaluate = ([start, limit, step]) => {
  const [from, to, by] = [start?.entries[0], limit?.entries[0], step?.entries[0]];
  if (!isNumber(from) || !isNumber(to) || !isNumber(by) || by === 0) return undefined;
  const length = Math.max(0, Math.ceil((to - from) / by));
  if (length > longest) return undefined;
  return list(Array.from({ length }, (_, index) => from + index * by));
};

const expand: Evaluate = ([data, shape]) => {
  const [length] = shape?.entries ?? [];
  if (data?.entries.length !== 1 || shape?.entries.length !== 1 || !isNumber(length)) return undefined;
  return fill(Math.max(length, 1), data.entries[0]);
};

const where: Evaluate = ([condition, yes, no]) => {
  if (condition === undefined || yes === undefined || no === undefined) return undefined;
  const length = Math.max(condition.entries.length, yes.entries.length, no.entries.length);
  const at = (known: Known, index: number) => known.entries[known.entries.length === 1 ? 0 : index];
  const entries = Array.from({ length }, (_, index) => {
    const chosen = at(condition, index);
    return chosen === undefined ? undefined : at(chosen === 0 ? no : yes, index);
  });
  return { rank: condition.rank === 0 && yes.rank === 0 && no.rank === 0 ? 0 : 1, entries };
};

const isWhole = (node: OperationValue): boolean =>
  node.type.kind === 'tensor' && /^u?int/.test(node.type.elementType);

const cast: Evaluate = ([data], node) =>
  data && {
    rank: data.rank,
    entries: data.entries.map((entry) => (isNumber(entry) && isWhole(node) ? Math.trunc(entry) : entry)),
  };

const divide: Evaluate = (inputs, node) =>
  combine(
    (a, b) => (isWhole(node) ? Math.trunc(a / b) : a / b),
    (a, b) => (b === 1 ? a : undefined),
  )(inputs, node);

/** Operators that shape arithmetic is made of. */
const evaluators: Readonly<Record<string, Evaluate>> = {
  Shape: (_, node) => shapeSlice(node),
  Size: (_, node) => size(node),
  Identity: same,
  Cast: cast,
  Floor: (inputs, node) => combine((a) => Math.floor(a))([...inputs, inputs[0]], node),
  Ceil: (inputs, node) => combine((a) => Math.ceil(a))([...inputs, inputs[0]], node),
  Neg: (inputs, node) => combine((a) => -a)([...inputs, inputs[0]], node),
  Squeeze: reshape,
  Unsqueeze: reshape,
  Reshape: reshape,
  Gather: gather,
  Concat: concat,
  Slice: slice,
  Add: combine(
    (a, b) => a + b,
    (a, b) => (a === 0 ? b : b === 0 ? a : undefined),
  ),
  Sub: combine(
    (a, b) => a - b,
    (a, b) => (b === 0 ? a : undefined),
  ),
  Mul: combine((a, b) => a * b, oneOr),
  Div: divide,
  Mod: combine((a, b) => a - b * Math.floor(a / b)),
  Max: combine(Math.max),
  Min: combine(Math.min),
  Equal: combine((a, b) => Number(a === b)),
  ReduceProd: fold(productOf),
  ReduceSum: fold(overNumbers((entries) => entries.reduce((sum, entry) => sum + entry, 0))),
  ReduceMax: fold(overNumbers((entries) => Math.max(...entries))),
  ReduceMin: fold(overNumbers((entries) => Math.min(...entries))),
  ConstantOfShape: constantOfShape,
  Range: range,
  Expand: expand,
  Where: where,
};

/** Those that look at their input's type alone. */
const typeOnly = new Set(['Shape', 'Size']);

const evaluatorOf = (value: Value): Evaluate | undefined =>
  value.kind === 'operation' && value.domain === '' && Object.hasOwn(evaluators, value.op)
    ? evaluators[value.op]
    : undefined;

function needed(value: Value): readonly Value[] {
  if (value.kind !== 'operation' || evaluatorOf(value) === undefined || typeOnly.has(value.op)) return [];
  return inputsOf(value).filter((input) => !memory.has(input));
}

const memory = new WeakMap<Value, { known: Known | undefined }>();

const recall = (value: Value | undefined): Known | undefined => value && memory.get(value)?.known;

const mayBeKnown = (value: Value): boolean => {
  const shape = shapeOf(value);
  return shape === undefined || shape.length <= 1;
};

function evaluate(value: Value): Known | undefined {
  if (!mayBeKnown(value)) return undefined;
  if (value.kind === 'constant') return fromTensor(value.tensor);
  if (value.kind !== 'operation') return undefined;
  const known = evaluatorOf(value)?.(value.inputs.map(recall), value);
  return known !== undefined && known.entries.length <= longest ? known : undefined;
}

/** Entries of a scalar or list, each known, named or neither; undefined where not even their number is known. */
export function knownEntries(value: Value): readonly Dimension[] | undefined {
  for (const each of postOrder([value], needed)) {
    if (!memory.has(each)) memory.set(each, { known: evaluate(each) });
  }
  return recall(value)?.entries;
}

/** Entries of a scalar or list that are all known before the run. */
export function knownInts(value: Value): readonly number[] | undefined {
  const entries = knownEntries(value);
  return entries?.every(isNumber) ? entries : undefined;
}
