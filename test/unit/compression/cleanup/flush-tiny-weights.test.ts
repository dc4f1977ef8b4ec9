import { flushTinyWeights } from '../../../../jobs/compression/cleanup/flush-tiny-weights';
import { attribute, constant, floats, input, operation, scalar, tensor } from '../../../../shared/onnx/build';
import type { ConstantValue, InputValue, Model, TensorData, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { everyValue } from '../../../../shared/onnx/walk';

const tiny = 1e-40;

const x = input('x', 'float', ['batch', 2]);

const weights = (name = 'w', values = [1, tiny, -tiny, 2]): ConstantValue =>
  constant(floats([2, 2], values), name);

function setup(value: Value, inputs: readonly InputValue[] = [x]) {
  const given = model({ graph: { name: 'flushed', inputs, outputs: [{ name: 'y', value }] } });
  const dataOf = ({ graph }: Model, name: string): TensorData | undefined => {
    const found = everyValue(graph.outputs.map((output) => output.value)).find(
      (each) => each.kind === 'constant' && each.name === name,
    );
    return found?.kind === 'constant' ? found.tensor.data : undefined;
  };
  return { given, dataOf };
}

const product = (w: Value): Value => operation('MatMul', [x, w]);

function recurrent(op: string, gates: number): Value {
  const sequence = operation('Reshape', [x, constant(tensor('int64', [3], [1, -1, 2]))]);
  const many = (name: string) =>
    constant(
      floats(
        [1, gates * 2, 2],
        Array.from({ length: gates * 4 }, (_, at) => (at % 2 === 0 ? tiny : 1)),
      ),
      name,
    );
  return operation(op, [sequence, many('w'), many('r')], { hidden_size: attribute.int(2) }, { outputs: 1 });
}

function looped(w: Value): Value {
  const [turn, go, state] = [
    input('turn', 'int64', []),
    input('go', 'bool', []),
    input('state', 'float', ['batch', 2]),
  ];
  const body = {
    name: 'body',
    inputs: [turn, go, state],
    outputs: [
      { name: 'on', value: go },
      { name: 'next', value: operation('MatMul', [state, w]) },
    ],
  };
  return operation('Loop', [constant(scalar(2, 'int64')), undefined, x], { body: attribute.graph(body) });
}

const convolved = (w: Value): Value =>
  operation('Conv', [operation('Unsqueeze', [x, constant(tensor('int64', [1], [2]))]), w]);

const rows = constant(tensor('int64', [1], [0]));

const flushedPlaces: readonly [string, Value][] = [
  ['a MatMul', product(weights())],
  ['a Gemm', operation('Gemm', [x, weights()])],
  ['a Conv', convolved(constant(floats([2, 2, 1], [1, tiny, -tiny, 2]), 'w'))],
  ['an LSTM', recurrent('LSTM', 4)],
  ['a GRU', recurrent('GRU', 3)],
  ['a body of a Loop', looped(weights())],
  ['a table that rows are gathered from', operation('Add', [x, operation('Gather', [weights(), rows])])],
  ['a weight that is transposed first', product(operation('Transpose', [weights()]))],
  [
    'a layer that only the runtime knows',
    operation('FusedGemm', [x, weights()], {}, { domain: 'com.microsoft', types: [x.type] }),
  ],
  [
    'a normalization that is fused with a sum',
    operation(
      'SkipLayerNormalization',
      [x, x, constant(floats([2], [1, tiny]), 'w')],
      { epsilon: attribute.float(1e-5) },
      { domain: 'com.microsoft', outputs: 1 },
    ),
  ],
];

const epsilon = constant(floats([2], [tiny, tiny]), 'w');

const fragilePlaces: readonly [string, Value][] = [
  ['a single number, which is a setting', operation('Add', [x, constant(scalar(tiny), 'w')])],
  ['what is divided by', operation('Div', [x, operation('Add', [operation('Abs', [x]), epsilon])])],
  ['what is logged', operation('Log', [operation('Add', [operation('Abs', [x]), epsilon])])],
  [
    'the reciprocal of a root',
    operation('Reciprocal', [operation('Sqrt', [operation('Add', [x, epsilon])])]),
  ],
  [
    'what is raised to a negative power',
    operation('Pow', [operation('Add', [x, epsilon]), constant(scalar(-0.5))]),
  ],
  ['what is compared with zero', operation('Greater', [product(weights()), constant(scalar(0))])],
  ['what is rounded up', operation('Ceil', [product(weights())])],
  ['what becomes large again', operation('Mul', [product(weights()), constant(scalar(1e35))])],
  ['a lower bound', operation('Max', [x, epsilon])],
  [
    'the scales of stored weights',
    operation('DequantizeLinear', [constant(tensor('int8', [2, 2], [1, 2, 3, 4])), epsilon]),
  ],
  [
    'a length that rows are divided by',
    operation('Div', [product(weights()), operation('ReduceL2', [product(weights())])]),
  ],
  [
    'an operator that nobody knows',
    operation('Odd', [x, weights()], {}, { domain: 'some.where', types: [x.type] }),
  ],
  ['an output', weights()],
];

describe('flushTinyWeights', () => {
  it.each(flushedPlaces)('makes zeros of denormal weights of %s', (_, value) => {
    const { given, dataOf } = setup(value);

    const { model: flushed, changes } = flushTinyWeights.apply(given);

    expect(changes).toBeGreaterThan(0);
    expect(Array.from<unknown>(dataOf(flushed, 'w') ?? [])).not.toContain(Math.fround(tiny));
    expect(Array.from<unknown>(dataOf(flushed, 'w') ?? [])).toEqual(
      Array.from<unknown, unknown>(dataOf(given, 'w') ?? [], (each) =>
        Math.abs(Number(each)) < 1e-30 ? 0 : each,
      ),
    );
  });

  it.each(fragilePlaces)('keeps %s', (_, value) => {
    const { given } = setup(value);

    const { model: flushed, changes } = flushTinyWeights.apply(given);

    expect(changes).toBe(0);
    expect(flushed).toBe(given);
  });

  it('flushes what is divided by once something far from zero was added', () => {
    const variance = operation('Add', [product(weights()), constant(floats([2], [1e-5, 1e-5]))]);
    const { given, dataOf } = setup(operation('Div', [x, variance]));

    const { model: flushed } = flushTinyWeights.apply(given);

    expect(dataOf(flushed, 'w')).toEqual(Float32Array.of(1, 0, 0, 2));
  });

  it('keeps a weight that one reader takes for something else', () => {
    const shared = weights();
    const { given } = setup(operation('Add', [product(shared), operation('Log', [shared])]));

    const { changes } = flushTinyWeights.apply(given);

    expect(changes).toBe(0);
  });

  it('flushes doubles as it does floats', () => {
    const d = input('d', 'double', ['batch', 2]);
    const w = constant(tensor('double', [2, 2], [1, 1e-310, 1e-31, 1e-29]), 'w');
    const { given, dataOf } = setup(operation('MatMul', [d, w]), [d]);

    const { model: flushed } = flushTinyWeights.apply(given);

    expect(dataOf(flushed, 'w')).toEqual(Float64Array.of(1, 0, 0, 1e-29));
  });

  it('flushes subnormals of float16 only where they are lost beside the largest weight', () => {
    const h = input('h', 'float16', ['batch', 2]);
    const halves = (name: string, largest: number) =>
      constant(tensor('float16', [2, 2], [largest, 2 ** -24, 2 ** -20, 0.5]), name);
    const sum = operation('Add', [
      operation('MatMul', [h, halves('small', 1)]),
      operation('MatMul', [h, halves('large', 60_000)]),
    ]);
    const { given, dataOf } = setup(sum, [h]);

    const { model: flushed } = flushTinyWeights.apply(given);

    expect(Array.from<unknown>(dataOf(flushed, 'large') ?? []).filter((bits) => bits === 0)).toHaveLength(2);
    expect(dataOf(flushed, 'small')).toEqual(dataOf(given, 'small'));
  });
});
