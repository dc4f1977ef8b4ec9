import { foldScaling } from '../../../../jobs/compression/cleanup/fold-scaling';
import { attribute, constant, floats, input, operation, tensor } from '../../../../shared/onnx/build';
import { elementCount } from '../../../../shared/onnx/element-types';
import type { ElementType, InputValue, Tensor, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { shapeOf, staticShape } from '../../../../shared/onnx/shapes';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { expectSameAnswers } from '../../../support/expect-same-answers';
import { noise } from '../../../support/random-mlp';
import { runModel } from '../../../support/run-onnx';

const image = input('x', 'float', [2, 4, 5, 5]);
const rows = input('x', 'float', [3, 4]);
const sequence = input('x', 'float', [2, 3, 4]);

const next = noise(3);
const random = (dims: readonly number[], elementType: ElementType = 'float'): Tensor =>
  tensor(
    elementType,
    dims,
    Array.from({ length: elementCount(dims) }, () => 1.5 + next()),
  );
const weight = (...dims: number[]): Value => constant(random(dims));

const normalized = (x: Value, channels: number): Value =>
  operation('BatchNormalization', [
    x,
    weight(channels),
    weight(channels),
    weight(channels),
    weight(channels),
  ]);

const group = (count: number) => ({ group: attribute.int(count) });
const padded = { pads: attribute.ints([1, 1, 1, 1]) };
const transposed = { transB: attribute.int(1) };

function setup(x: InputValue, value: Value, others: readonly Value[] = []) {
  const outputs = [value, ...others].map((each, at) => ({ name: `y${at}`, value: each }));
  const given = model({ graph: { name: 'scaled', inputs: [x], outputs } });
  const { model: folded, changes } = foldScaling.apply(given);
  const ops = everyValue(folded.graph.outputs.map((output) => output.value)).flatMap((each) =>
    each.kind === 'operation' ? [each.op] : [],
  );
  const feeds = { x: random(staticShape(shapeOf(x)) ?? []) };
  return { given, folded, changes, ops, feeds };
}

const foldable: readonly [string, InputValue, Value, readonly string[]][] = [
  [
    'a normalization into a Conv',
    image,
    normalized(operation('Conv', [image, weight(3, 4, 3, 3)]), 3),
    ['Conv'],
  ],
  [
    'a normalization into a padded Conv with a bias',
    image,
    normalized(operation('Conv', [image, weight(3, 4, 3, 3), weight(3)], padded), 3),
    ['Conv'],
  ],
  [
    'a normalization into a Conv of two groups',
    image,
    normalized(operation('Conv', [image, weight(6, 2, 3, 3)], group(2)), 6),
    ['Conv'],
  ],
  [
    'a normalization into a depthwise Conv',
    image,
    normalized(operation('Conv', [image, weight(4, 1, 3, 3)], group(4)), 4),
    ['Conv'],
  ],
  [
    'a normalization into a ConvTranspose',
    image,
    normalized(operation('ConvTranspose', [image, weight(4, 3, 2, 2)]), 3),
    ['ConvTranspose'],
  ],
  [
    'a normalization into a ConvTranspose of two groups',
    image,
    normalized(operation('ConvTranspose', [image, weight(4, 3, 2, 2), weight(6)], group(2)), 6),
    ['ConvTranspose'],
  ],
  [
    'a normalization into a Gemm',
    rows,
    normalized(operation('Gemm', [rows, weight(4, 5), weight(5)]), 5),
    ['Gemm'],
  ],
  [
    'a normalization into a Gemm of factors, without a bias',
    rows,
    normalized(operation('Gemm', [rows, weight(5, 4)], { ...transposed, alpha: attribute.float(0.5) }), 5),
    ['Gemm'],
  ],
  [
    'a normalization into a Gemm whose bias has a factor',
    rows,
    normalized(
      operation('Gemm', [rows, weight(5, 4), weight(1, 5)], { ...transposed, beta: attribute.float(2) }),
      5,
    ),
    ['Gemm'],
  ],
  [
    'a normalization into a MatMul, by an Add',
    rows,
    normalized(operation('MatMul', [rows, weight(4, 5)]), 5),
    ['MatMul', 'Add'],
  ],
  [
    'a normalization into a MatMul and its Add',
    rows,
    normalized(operation('Add', [weight(5), operation('MatMul', [rows, weight(4, 5)])]), 5),
    ['MatMul', 'Add'],
  ],
  [
    'factors of the last axis into a MatMul over sequences',
    sequence,
    operation('Mul', [operation('MatMul', [sequence, weight(4, 5)]), weight(5)]),
    ['MatMul'],
  ],
  [
    'a chain of factors and sums into a Conv',
    image,
    operation('Sub', [
      operation('Div', [
        operation('Mul', [weight(3, 1, 1), operation('Conv', [image, weight(3, 4, 1, 1)])]),
        weight(1, 3, 1, 1),
      ]),
      weight(1),
    ]),
    ['Conv'],
  ],
  [
    'a difference from a constant',
    image,
    operation('Sub', [weight(3, 1, 1), operation('Conv', [image, weight(3, 4, 1, 1)])]),
    ['Conv'],
  ],
  [
    'factors and sums into a normalization that has no layer before it',
    image,
    operation('Add', [operation('Mul', [normalized(image, 4), weight(4, 1, 1)]), weight(4, 1, 1)]),
    ['BatchNormalization'],
  ],
];

const conv = operation('Conv', [image, weight(3, 4, 3, 3)]);
const half = input('x', 'float16', [2, 4, 5, 5]);
const halfConv = operation('Conv', [half, constant(random([3, 4, 3, 3], 'float16'))]);
const tied = constant(random([512, 4]));

const kept: readonly [string, InputValue, Value, readonly Value[]][] = [
  ['behind a layer that others read', image, normalized(conv, 3), [operation('Relu', [conv])]],
  ['behind a layer that is an output', image, normalized(conv, 3), [conv]],
  [
    'behind large weights that others read',
    rows,
    operation('Mul', [operation('Gemm', [rows, tied], transposed), weight(512)]),
    [operation('ReduceSum', [tied])],
  ],
  ['of another axis than the channels', image, operation('Mul', [conv, weight(3)]), []],
  [
    'that makes the result larger',
    image,
    operation('Add', [operation('Conv', [image, weight(1, 4, 3, 3)]), weight(3, 1, 1)]),
    [],
  ],
  [
    'of the axis before the last one of a MatMul',
    sequence,
    normalized(operation('MatMul', [sequence, weight(4, 5)]), 3),
    [],
  ],
  [
    'in float16, where rounding again would show',
    half,
    operation('Mul', [halfConv, constant(random([3, 1, 1], 'float16'))]),
    [],
  ],
  ['that would overflow', image, operation('Mul', [conv, constant(floats([], [3e38]))]), []],
  [
    'behind weights that are computed',
    image,
    operation('Mul', [operation('Conv', [image, operation('Tanh', [weight(3, 4, 1, 1)])]), weight(3, 1, 1)]),
    [],
  ],
];

describe('foldScaling', () => {
  it.each(foldable)('folds %s', async (_, x, value, expected) => {
    const { given, folded, ops, feeds } = setup(x, value);

    const [before, after] = [
      await runModel(writeModel(given), feeds),
      await runModel(writeModel(folded), feeds),
    ];

    expect(ops).toEqual(expected);
    expectSameAnswers(after, before);
  });

  it.each(kept)('keeps a scaling %s', (_, x, value, others) => {
    const { given, folded, changes } = setup(x, value, others);

    expect(changes).toBe(0);
    expect(folded).toBe(given);
  });

  it('keeps the names of the weights', () => {
    const named = operation('Conv', [
      image,
      constant(random([3, 4, 3, 3]), 'kernel'),
      constant(random([3]), 'bias'),
    ]);

    const { folded } = setup(image, normalized(named, 3));

    const names = everyValue(folded.graph.outputs.map((output) => output.value)).flatMap((each) =>
      each.kind === 'constant' ? [each.name] : [],
    );
    expect(names).toEqual(['kernel', 'bias']);
  });
});
