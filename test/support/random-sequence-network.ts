import {
  attribute,
  constant,
  floats,
  input,
  int64s,
  operation,
  output,
  scalar,
} from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import type { Graph, Value } from '../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../shared/onnx/shapes';
import { randomNumbers } from './check-gradient';

type Random = () => number;

const pick = <T>(random: Random, list: readonly T[]): T => {
  const chosen = list[Math.floor(random() * list.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
};

const sizesOf = (value: Value): readonly number[] => staticShape(shapeOf(value)) ?? [];
const widthOf = (value: Value): number => sizesOf(value).at(-1) ?? 1;
const ints = (...values: number[]): Value => constant(int64s(values));

const numbers = (random: Random, dims: readonly number[]): Value =>
  constant(
    floats(
      dims,
      Float32Array.from({ length: elementCount(dims) }, () => 2 * random() - 1),
    ),
  );

/** A matrix of which some rows and columns are zero, or denormal. */
function matrix(random: Random, rows: number, columns: number): Value {
  const dead = pick(random, [0, 0, 1e-40]);
  const among = (count: number) => new Set([0, 1].map(() => Math.floor(2 * random() * count)));
  const [deadRows, deadColumns] = [among(rows), among(columns)];
  const data = Float32Array.from({ length: rows * columns }, (_, at) => {
    const isDead = deadRows.has(Math.floor(at / columns)) || deadColumns.has(at % columns);
    return isDead ? dead : 2 * random() - 1;
  });
  return constant(floats([rows, columns], data));
}

function dense(random: Random, x: Value, columns = pick(random, [4, 6, 8])): Value {
  const product = operation('MatMul', [x, matrix(random, widthOf(x), columns)]);
  return random() < 0.6 ? operation('Add', [product, numbers(random, [columns])]) : product;
}

/** One head of attention, written out: products of activations, and numbers that sum to one. */
function attended(random: Random, x: Value): Value {
  const [q, k, v] = [dense(random, x, 4), dense(random, x, 4), dense(random, x)];
  const turned = operation('Transpose', [k], { perm: attribute.ints([0, 2, 1]) });
  const scores = operation('Div', [operation('MatMul', [q, turned]), constant(scalar(2))]);
  return operation('MatMul', [operation('Softmax', [scores], { axis: attribute.int(-1) }), v ?? x]);
}

/** Several heads, which are parts of the features. */
function splitIntoHeads(random: Random, x: Value): Value {
  const wide = dense(random, x, 8);
  const heads = operation('Transpose', [operation('Reshape', [wide, ints(2, 3, 2, 4)])], {
    perm: attribute.ints([0, 2, 1, 3]),
  });
  const mixed = operation('Softmax', [heads], { axis: attribute.int(pick(random, [-1, 1, 2])) });
  const back = operation('Transpose', [mixed], { perm: attribute.ints([0, 2, 1, 3]) });
  return operation('Reshape', [back, ints(2, 3, 8)]);
}

/** Of an epsilon that keeps what is nearly the same from being blown up, and rounding with it. */
function normalized(random: Random, x: Value): Value {
  const width = widthOf(x);
  const parameters = [numbers(random, [width]), numbers(random, [width])];
  if (random() < 0.5)
    return operation('LayerNormalization', [x, ...parameters], { epsilon: attribute.float(0.1) });
  const mean = operation('ReduceMean', [x, ints(-1)]);
  const centred = operation('Sub', [x, mean]);
  const variance = operation('ReduceMean', [operation('Mul', [centred, centred]), ints(-1)]);
  const root = operation('Sqrt', [operation('Add', [variance, constant(scalar(0.1))])]);
  return operation('Div', [centred, root]);
}

/** Parts of the features, by themselves or put back in another order. */
function parted(random: Random, x: Value): Value {
  const half = widthOf(x) / 2;
  const parts = operation('Split', [x, ints(half, half)], { axis: attribute.int(-1) }, { outputs: 2 });
  return pick<() => Value>(random, [
    () => operation('Concat', [output(parts, 1), parts], { axis: attribute.int(-1) }),
    () => operation('Mul', [parts, operation('Sigmoid', [output(parts, 1)])]),
    () => operation('Slice', [x, ints(0), ints(half), ints(2)]),
    () =>
      operation('Gather', [x, ints(...Array.from({ length: half * 2 }, (_, at) => at ^ 1))], {
        axis: attribute.int(2),
      }),
  ])();
}

const activated = (random: Random, x: Value): Value =>
  operation(pick(random, ['Relu', 'Tanh', 'Gelu', 'Sigmoid', 'Softplus']), [x]);

const scaled = (random: Random, x: Value): Value =>
  operation(pick(random, ['Add', 'Mul']), [
    x,
    numbers(random, pick(random, [[widthOf(x)], [3, 1], [3, widthOf(x)]])),
  ]);

function joined(random: Random, x: Value, earlier: readonly Value[]): Value {
  const other = pick(random, [x, ...earlier.filter((each) => sizesOf(each).join() === sizesOf(x).join())]);
  return operation('Add', [other, dense(random, x, widthOf(other))]);
}

const steps = [
  dense,
  dense,
  dense,
  activated,
  activated,
  attended,
  splitIntoHeads,
  normalized,
  parted,
  scaled,
];

/** A small network over sequences `x` `[2, 3, 4]` with dead weights, attention and normalizations, that a seed decides. */
export function randomSequenceNetwork(seed: number, size: number): Graph {
  const random = randomNumbers(seed);
  const x = input('x', 'float', [2, 3, 4]);
  const values: Value[] = [x];
  for (let step = 0; step < size; step++) {
    const last = values.at(-1) ?? x;
    const made = random() < 0.2 ? joined(random, last, values) : pick(random, steps)(random, last);
    values.push(widthOf(made) % 2 === 0 ? made : dense(random, made));
  }
  const last = values.at(-1) ?? x;
  const pooled = pick(random, [
    operation('ReduceMean', [last, ints(1)]),
    operation('ReduceMax', [last, ints(2)]),
    last,
  ]);
  // not around zero, where nothing but rounding might be left
  const classes = operation('Add', [dense(random, pooled, 4), constant(scalar(3))]);
  return { name: 'sequences', inputs: [x], outputs: [{ name: 'classes', value: classes }] };
}
