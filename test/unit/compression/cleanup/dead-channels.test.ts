import { cleanUp } from '../../../../jobs/compression/cleanup/clean-up';
import { dropUnreadChannels } from '../../../../jobs/compression/cleanup/drop-unread-channels';
import { foldConstantChannels } from '../../../../jobs/compression/cleanup/fold-constant-channels';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { attribute, constant, floats, input, int64s, operation } from '../../../../shared/onnx/build';
import { elementCount } from '../../../../shared/onnx/element-types';
import type { InputValue, Model, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { shapeOf, staticShape } from '../../../../shared/onnx/shapes';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { expectSameAnswers } from '../../../support/expect-same-answers';
import { noise } from '../../../support/random-mlp';
import { runModel } from '../../../support/run-onnx';

const x = input('x', 'float', [2, 3, 6, 6]);
const rows = input('x', 'float', [2, 4]);

const next = noise(9);
const numbers = (dims: readonly number[]) => Float32Array.from({ length: elementCount(dims) }, next);

/** Weights whose first axis is dead at some indices. */
function weights(dims: readonly number[], dead: readonly number[] = [], axis = 0): Value {
  const inner = elementCount(dims.slice(axis + 1));
  const data = numbers(dims).map((number, at) =>
    dead.includes(Math.floor(at / inner) % (dims[axis] ?? 1)) ? 0 : number,
  );
  return constant(floats(dims, data), `w${dims.join('x')}`);
}

const bias = (...values: number[]): Value => constant(floats([values.length], values));
const padded = { pads: attribute.ints([1, 1, 1, 1]) };
const relu = (value: Value): Value => operation('Relu', [value]);
const conv = (value: Value, weight: Value, given?: Value, attributes = {}): Value =>
  operation('Conv', given ? [value, weight, given] : [value, weight], attributes);

const normalized = (value: Value, channels: number): Value => {
  const parameters = [0, 0, 0, 0].map(() =>
    constant(
      floats(
        [channels],
        numbers([channels]).map((n) => 2 + n),
      ),
    ),
  );
  return operation('BatchNormalization', [value, ...parameters]);
};

function setup(bound: InputValue, value: Value) {
  const given = model({ graph: { name: 'dead', inputs: [bound], outputs: [{ name: 'y', value }] } });
  const feeds = { x: floats(staticShape(shapeOf(bound)) ?? [], numbers(staticShape(shapeOf(bound)) ?? [])) };
  const weightsIn = ({ graph }: Model): readonly string[] =>
    everyValue(graph.outputs.map((output) => output.value)).flatMap((each) =>
      each.kind === 'constant' && each.name?.startsWith('w') ? [each.tensor.dims.join('x')] : [],
    );
  return { given, feeds, weightsIn };
}

const dead = conv(x, weights([5, 3, 3, 3], [1, 3]), bias(1, 2, 3, -4, 5));
const depthwise = { group: attribute.int(5) };
const silent = conv(x, weights([5, 3, 1, 1], [1, 3]), bias(1, -1, 1, -1, 1));

const removed: readonly [string, InputValue, Value, readonly string[]][] = [
  ['before an activation and a Conv', x, conv(relu(dead), weights([2, 5, 1, 1])), ['3x3x3x3', '2x3x1x1']],
  [
    'before a normalization that follows an activation',
    x,
    conv(normalized(relu(dead), 5), weights([2, 5, 3, 3])),
    ['3x3x3x3', '2x3x3x3'],
  ],
  [
    'that are zero before a padded Conv',
    x,
    conv(relu(silent), weights([2, 5, 3, 3]), undefined, padded),
    ['3x3x1x1', '2x3x3x3'],
  ],
  [
    'before a depthwise Conv',
    x,
    conv(conv(relu(dead), weights([5, 1, 3, 3]), undefined, depthwise), weights([2, 5, 1, 1])),
    ['3x3x3x3', '3x1x3x3', '2x3x1x1'],
  ],
  [
    'before pooling, a Flatten and a Gemm',
    x,
    operation('Gemm', [
      operation('Flatten', [operation('MaxPool', [dead], { kernel_shape: attribute.ints([2, 2]) })]),
      weights([45, 2]),
    ]),
    ['3x3x3x3', '27x2'],
  ],
  [
    'before a Reshape to rows and a MatMul',
    x,
    operation('MatMul', [
      operation('Reshape', [operation('GlobalAveragePool', [relu(dead)]), constant(int64s([2, 5]))]),
      weights([5, 2]),
    ]),
    ['3x3x3x3', '3x2'],
  ],
  [
    'of two layers that are added',
    x,
    conv(operation('Add', [relu(dead), relu(conv(x, weights([5, 3, 3, 3], [1, 2])))]), weights([2, 5, 1, 1])),
    ['4x3x3x3', '4x3x3x3', '2x4x1x1'],
  ],
  [
    'beside others in a Concat',
    x,
    conv(operation('Concat', [dead, relu(dead)], { axis: attribute.int(1) }), weights([2, 10, 1, 1])),
    ['3x3x3x3', '2x6x1x1'],
  ],
  [
    'of a hidden layer',
    rows,
    operation('Gemm', [
      relu(operation('Gemm', [rows, weights([4, 6], [0, 2], 1), bias(1, 1, 1, 1, 1, 1)])),
      weights([6, 2]),
    ]),
    ['4x4', '4x2'],
  ],
  [
    'that nobody reads',
    x,
    conv(relu(conv(x, weights([5, 3, 3, 3]))), weights([2, 5, 1, 1], [0, 4], 1)),
    ['3x3x3x3', '2x3x1x1'],
  ],
  [
    'of which a layer has none that is read, but for one',
    x,
    conv(
      relu(conv(relu(conv(x, weights([4, 3, 1, 1]))), weights([3, 4, 1, 1]))),
      weights([2, 3, 1, 1], [0, 1, 2], 1),
    ),
    ['4x3x1x1', '1x4x1x1', '2x1x1x1'],
  ],
];

const kept: readonly [string, InputValue, Value][] = [
  ['that are not zero before a padded Conv', x, conv(dead, weights([2, 5, 3, 3]), undefined, padded)],
  ['that are an output', x, relu(dead)],
  ['that are averaged', x, operation('ReduceMean', [silent, constant(int64s([1]))])],
  [
    'that are compared with each other',
    x,
    operation('Softmax', [operation('Mul', [silent, silent])], { axis: attribute.int(1) }),
  ],
];

const tools = { runtime: onnxModelRuntime(), signal: new AbortController().signal };

describe('dead channels', () => {
  it.each(removed)('are taken out %s', async (_, bound, value, expected) => {
    const { given, feeds, weightsIn } = setup(bound, value);

    const { model: cleaned } = await cleanUp(given, tools);

    expect(weightsIn(cleaned)).toEqual(expected);
    expectSameAnswers(await runModel(writeModel(cleaned), feeds), await runModel(writeModel(given), feeds));
  });

  it.each(kept)('stay %s', async (_, bound, value) => {
    const { given, weightsIn } = setup(bound, value);

    const folded = foldConstantChannels.apply(given);
    const dropped = dropUnreadChannels.apply(folded.model);

    expect(dropped.changes).toBe(0);
    expect(weightsIn(dropped.model)).toEqual(weightsIn(given));
  });

  it('stay where the weights are part of another layer too', () => {
    const shared = weights([4, 4]);
    const hidden = relu(operation('MatMul', [rows, weights([4, 4], [1], 1)]));
    const { given } = setup(
      rows,
      operation('MatMul', [operation('Softmax', [operation('MatMul', [hidden, shared])]), shared]),
    );

    const { changes } = foldConstantChannels.apply(given);

    expect(changes).toBe(0);
  });
});
