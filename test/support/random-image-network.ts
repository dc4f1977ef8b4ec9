import { attribute, constant, floats, input, int64s, operation, tensor } from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import type { Graph, Tensor, Value } from '../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../shared/onnx/shapes';
import { randomNumbers } from './check-gradient';

type Random = () => number;

const pick = <T>(random: Random, list: readonly T[]): T => {
  const chosen = list[Math.floor(random() * list.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
};

const sizesOf = (value: Value): readonly number[] => staticShape(shapeOf(value)) ?? [];

/** Weights of which some rows, columns and single elements are dead: zero, denormal or close to it. */
function weights(random: Random, dims: readonly number[], name?: string): Value {
  const data = Float32Array.from({ length: elementCount(dims) }, () => 2 * random() - 1);
  const inner = elementCount(dims.slice(2));
  const columns = dims[1] ?? 1;
  const dead = pick(random, [0, 0, 1e-32, 1e-40]);
  const [row, column] = [Math.floor(random() * 8), Math.floor(random() * 12)];
  for (const place of data.keys()) {
    const at = Math.floor(place / inner);
    const isDead = Math.floor(at / columns) === row || at % columns === column || random() < 0.05;
    if (isDead) data[place] = dead * (random() < 0.5 ? 1 : -1);
  }
  return constant(floats(dims, data), name);
}

const numbers = (random: Random, count: number, from: number, to: number): Tensor =>
  floats(
    [count],
    Float32Array.from({ length: count }, () => from + (to - from) * random()),
  );

/** One number per channel, in a shape that broadcasts over images, or the same one for all. */
function perChannel(random: Random, x: Value): Value {
  const [, channels = 1] = sizesOf(x);
  const rank = sizesOf(x).length;
  const { data } = numbers(random, channels, 0.5, 2);
  const ones = new Array<number>(rank - 2).fill(1);
  const dims = pick(random, [
    [channels, ...ones],
    [1, channels, ...ones],
  ]);
  return random() < 0.2 ? constant(floats([], [0.75])) : constant(tensor('float', dims, data));
}

function normalized(random: Random, x: Value): Value {
  const [, channels = 1] = sizesOf(x);
  const parameters = [
    numbers(random, channels, -2, 2),
    numbers(random, channels, -1, 1),
    numbers(random, channels, -1, 1),
    numbers(random, channels, 0.1, 2),
  ];
  return operation('BatchNormalization', [x, ...parameters.map((each) => constant(each))]);
}

function convolved(random: Random, x: Value): Value {
  const [, channels = 1, height = 1] = sizesOf(x);
  const groups = random() < 0.3 ? channels : 1;
  const kernel = height >= 3 && random() < 0.6 ? 3 : 1;
  const outputs = groups === 1 ? pick(random, [2, 3, 4, 6]) : channels;
  const pad = kernel === 3 && random() < 0.5 ? 1 : 0;
  const bias = random() < 0.5 ? [constant(numbers(random, outputs, -1, 1))] : [];
  const weight = weights(random, [outputs, channels / groups, kernel, kernel]);
  return operation('Conv', [x, weight, ...bias], {
    kernel_shape: attribute.ints([kernel, kernel]),
    pads: attribute.ints([pad, pad, pad, pad]),
    group: attribute.int(groups),
  });
}

function widened(random: Random, x: Value): Value {
  const [, channels = 1, height = 1] = sizesOf(x);
  if (height > 8) return x;
  return operation('ConvTranspose', [x, weights(random, [channels, 3, 2, 2])], {
    strides: attribute.ints([2, 2]),
  });
}

function pooled(random: Random, x: Value): Value {
  const [, , height = 1] = sizesOf(x);
  if (height < 2) return x;
  const op = pick(random, ['MaxPool', 'AveragePool']);
  const pad = random() < 0.3 ? 1 : 0;
  return operation(op, [x], {
    kernel_shape: attribute.ints([2, 2]),
    strides: attribute.ints([2, 2]),
    pads: attribute.ints([pad, pad, pad, pad]),
    ...(op === 'AveragePool' ? { count_include_pad: attribute.int(random() < 0.5 ? 1 : 0) } : {}),
  });
}

/** What changes nothing, as exporters leave it. */
function idle(random: Random, x: Value): Value {
  const shape = sizesOf(x);
  const swap = { perm: attribute.ints([0, 2, 1, 3]) };
  return pick<() => Value>(random, [
    () => operation('Identity', [x]),
    () => operation('Dropout', [x]),
    () => operation('Mul', [x, constant(floats([], [1]))]),
    () => operation('Reshape', [x, constant(int64s(shape))]),
    () => operation('Transpose', [operation('Transpose', [x], swap)], swap),
    () => operation('Reshape', [x, operation('Shape', [x])]),
    () => operation('Pad', [x, constant(int64s(new Array<number>(8).fill(0)))]),
    () => operation('Concat', [x], { axis: attribute.int(1) }),
  ])();
}

const arithmetic = (random: Random, x: Value): Value => {
  const op = pick(random, ['Add', 'Sub', 'Mul', 'Div']);
  const other = perChannel(random, x);
  return random() < 0.7 || op === 'Div' ? operation(op, [x, other]) : operation(op, [other, x]);
};

const activated = (random: Random, x: Value): Value =>
  operation(pick(random, ['Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'HardSwish', 'Elu', 'Softplus']), [x]);

/** Joins the value with an earlier one of its size, or with itself. */
function joined(random: Random, x: Value, earlier: readonly Value[]): Value {
  const others = earlier.filter((each) => sizesOf(each).join() === sizesOf(x).join());
  const other = pick(random, [x, ...others]);
  return random() < 0.5
    ? operation('Add', [x, other])
    : operation('Concat', [x, other], { axis: attribute.int(1) });
}

const steps = [
  convolved,
  convolved,
  convolved,
  normalized,
  normalized,
  arithmetic,
  activated,
  activated,
  pooled,
  widened,
  idle,
];

/** Rows of classes at the end: through a Flatten or a mean, and a Gemm or a MatMul. */
function classified(random: Random, x: Value): Value {
  const flat = operation('Flatten', [random() < 0.5 ? operation('GlobalAveragePool', [x]) : x]);
  const [, features = 1] = sizesOf(flat);
  const bias = constant(numbers(random, 4, -1, 1));
  if (random() < 0.5) {
    const transposed = attribute.int(1);
    const gemm = operation('Gemm', [flat, weights(random, [4, features]), bias], { transB: transposed });
    return random() < 0.5 ? normalized(random, gemm) : gemm;
  }
  const product = operation('MatMul', [flat, weights(random, [features, 4])]);
  return arithmetic(random, operation('Add', [product, bias]));
}

/** A small network over images `x` `[2, 3, 6, 6]` with dead weights and idle nodes, that a seed decides. */
export function randomImageNetwork(seed: number, size: number): Graph {
  const random = randomNumbers(seed);
  const x = input('x', 'float', [2, 3, 6, 6]);
  const values: Value[] = [x];
  for (let step = 0; step < size; step++) {
    const last = values.at(-1) ?? x;
    values.push(random() < 0.15 ? joined(random, last, values) : pick(random, steps)(random, last));
  }
  const outputs = [{ name: 'classes', value: classified(random, values.at(-1) ?? x) }];
  const between = random() < 0.3 ? [{ name: 'between', value: pick(random, values.slice(1)) }] : [];
  return { name: 'images', inputs: [x], outputs: [...outputs, ...between] };
}
