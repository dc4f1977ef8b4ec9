import { floatAttribute, subgraphsOf } from '../../../shared/onnx/attributes';
import { isFloatType } from '../../../shared/onnx/element-types';
import type { Graph, OperationValue, Value } from '../../../shared/onnx/ir';
import { operatorOf } from '../../../shared/onnx/operators';
import { everyValue } from '../../../shared/onnx/walk';
import { numbersOf } from './constant-numbers';
import { hasWeights } from './weight-roles';

/** Below, a number counts as none beside others. */
const negligible = 1e-20;

/** A constant that is nowhere so close to zero. */
const isFarFromZero = (value: Value | undefined): boolean =>
  numbersOf(value)?.every((number) => Math.abs(number) >= negligible) === true;

const exceeds = (value: Value | undefined, most: number): boolean =>
  numbersOf(value)?.some((number) => Math.abs(number) > most) === true;

/** Factors beyond which what is next to nothing becomes something. */
const largeFactor = 1e10;

type Positions = (node: OperationValue, exploding: ReadonlySet<Value>) => readonly number[];

const always =
  (...positions: readonly number[]): Positions =>
  () =>
    positions;

/** Zero is where the answer jumps, unless it is compared with something far from it. */
const compared: Positions = ({ inputs: [a, b] }) => (isFarFromZero(a) || isFarFromZero(b) ? [] : [0, 1]);

/** Of next to nothing divided by next to nothing, nothing can be said. */
const divided: Positions = ({ inputs: [, divisor] }) => {
  const isSmall = numbersOf(divisor)?.some((number) => Math.abs(number) < 1 / largeFactor);
  return isSmall === true || !staysAway(divisor) ? [0, 1] : [];
};

/** What is multiplied by something very large becomes something itself. */
const multiplied: Positions = ({ inputs }, exploding) =>
  [...inputs.keys()].filter((at) =>
    inputs.some((other, place) => {
      const isOther = place !== at && other !== undefined;
      return isOther && (exceeds(other, largeFactor) || exploding.has(other));
    }),
  );

/** Roots, reciprocals and unknown powers make small numbers large. */
const keepsSmall = (exponent: Value | undefined): boolean =>
  numbersOf(exponent)?.every((number) => number >= 1) === true;

const raised: Positions = ({ inputs: [, exponent] }) => (keepsSmall(exponent) ? [] : [0]);

const unlessAway: Positions = ({ inputs: [x] }) => (staysAway(x) ? [] : [0]);

const epsilonOf = ({ attributes }: OperationValue, missing: number): number =>
  floatAttribute(attributes, 'epsilon', missing);

const normalized: Positions = (node) => (epsilonOf(node, 1e-5) >= 1e-15 ? [] : [0]);

/** Where zero and next to zero are two different things: ai.onnx. */
const fragilePositions: Readonly<Record<string, Positions>> = {
  Div: divided,
  Mul: multiplied,
  MatMul: multiplied,
  Einsum: multiplied,
  Pow: raised,
  Mod: always(0, 1),
  Reciprocal: unlessAway,
  Sqrt: unlessAway,
  Log: unlessAway,
  ReduceLogSum: always(0),
  Sign: always(0),
  Ceil: always(0),
  Floor: always(0),
  NonZero: always(0),
  Unique: always(0),
  LpNormalization: always(0),
  Equal: compared,
  Greater: compared,
  GreaterOrEqual: compared,
  Less: compared,
  LessOrEqual: compared,
  LayerNormalization: normalized,
  RMSNormalization: normalized,
  InstanceNormalization: normalized,
  GroupNormalization: normalized,
  BatchNormalization: normalized,
};

/** A cast to whole numbers, or to true and false, tells zero from the rest. */
const casts = ({ op, types: [type] }: OperationValue): boolean =>
  op === 'Cast' && type?.kind === 'tensor' && !isFloatType(type.elementType);

function fragileInputs(node: OperationValue, exploding: ReadonlySet<Value>): readonly (Value | undefined)[] {
  const isKnown = operatorOf(node.domain, node.op) !== undefined || hasWeights(node);
  if (!isKnown || casts(node)) return node.inputs;
  const positions =
    node.domain === '' && Object.hasOwn(fragilePositions, node.op) ? fragilePositions[node.op] : undefined;
  return positions?.(node, exploding).map((at) => node.inputs[at]) ?? [];
}

/** Of next to zero these make a number as far from it as of zero. */
const absorbing = new Set('Exp Sigmoid Softmax LogSoftmax Cos Cosh Softplus Shape Size'.split(' '));

const adding = new Set(['Add', 'Sub', 'Sum']);

const isPositive = (value: Value | undefined): boolean =>
  numbersOf(value)?.every((number) => number >= negligible) === true;

/** Whether what the node gives out is the same for zero and for next to zero. */
function absorbs({ op, domain, inputs, type }: OperationValue): boolean {
  if (domain !== '') return false;
  if (absorbing.has(op) || (adding.has(op) && inputs.some(isFarFromZero))) return true;
  if (op === 'Max') return inputs.some(isPositive);
  if (op === 'Clip') return isPositive(inputs[1]);
  return type.kind === 'tensor' && !isFloatType(type.elementType);
}

/** Operators that give what is away from zero where they are given such. */
const keepingAway = new Set(
  'Sqrt Abs Neg Identity Cast Reshape Expand Squeeze Unsqueeze Transpose ReduceSum ReduceMean ReduceMax'.split(
    ' ',
  ),
);

/** Something far from zero was added to the value, as an epsilon is to a variance. */
function staysAway(value: Value | undefined): boolean {
  let root = value;
  while (root?.kind === 'operation' && root.domain === '' && keepingAway.has(root.op)) root = root.inputs[0];
  return root?.kind === 'operation' ? absorbs(root) : isFarFromZero(root);
}

/** Operators whose results may be as large as what they are given. */
const carrying = new Set([...keepingAway, 'Mul', 'MatMul', 'Einsum']);

/** Reciprocals of what may be next to zero, and what they are multiplied into: they may be of any size. */
function explodingValues(order: readonly Value[]): ReadonlySet<Value> {
  const exploding = new Set<Value>();
  for (const node of order) {
    if (node.kind !== 'operation' || node.domain !== '') continue;
    const [x, divisor] = node.inputs;
    const inverts =
      (node.op === 'Reciprocal' && !staysAway(x)) ||
      (node.op === 'Div' && !staysAway(divisor)) ||
      (node.op === 'Pow' && !keepsSmall(divisor));
    const carries = carrying.has(node.op) && node.inputs.some((each) => each && exploding.has(each));
    if (inverts || carries) exploding.add(node);
  }
  return exploding;
}

/** The body that each input of a body belongs to, and the node that holds each body. */
function holdersOf(order: readonly Value[]): ReadonlyMap<Value, OperationValue> {
  const holders = new Map<Value, OperationValue>();
  for (const node of order) {
    if (node.kind !== 'operation') continue;
    for (const body of subgraphsOf(node.attributes))
      for (const bound of body.inputs) holders.set(bound, node);
  }
  return holders;
}

const given = ({ outputs }: Graph): readonly Value[] => outputs.map(({ value }) => value);

/**
 * Values of which some result is not the same where they are next to zero as where they are zero: what is divided by, logged,
 * compared with zero or rounded up, and all that it is made of, as far back as something far from zero is added to it. States of
 * loops are made of each other. The index of a largest element counts as the same.
 */
export function fragileValues(graph: Graph): ReadonlySet<Value> {
  const order = everyValue(given(graph));
  const holders = holdersOf(order);
  const exploding = explodingValues(order);
  const fragile = new Set<Value>();
  const waiting: Value[] = [];
  const mark = (value: Value | undefined) => {
    if (value === undefined || fragile.has(value)) return;
    fragile.add(value);
    waiting.push(value);
  };
  const sourcesOf = (value: Value): readonly (Value | undefined)[] => {
    if (value.kind === 'projection') return [value.of];
    if (value.kind === 'input') return [holders.get(value)];
    if (value.kind === 'constant' || absorbs(value)) return [];
    return [...value.inputs, ...subgraphsOf(value.attributes).flatMap(given)];
  };
  for (const node of order) if (node.kind === 'operation') fragileInputs(node, exploding).forEach(mark);
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) sourcesOf(value).forEach(mark);
  return fragile;
}
