import { type ChannelGroup, findChannelGroups } from '../../../../jobs/compression/pruning/channel-groups';
import { pruneChannels } from '../../../../jobs/compression/pruning/prune-channels';
import {
  attribute,
  constant,
  floats,
  input,
  int64s,
  operation,
  output,
  scalar,
} from '../../../../shared/onnx/build';
import type { Attributes, Model, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { shapeOf, tensorType } from '../../../../shared/onnx/shapes';
import { verifyGraph } from '../../../../shared/onnx/verify';
import { writeModel } from '../../../../shared/onnx/write-model';
import { noise } from '../../../support/random-mlp';
import { runModel } from '../../../support/run-onnx';

const next = noise(5);

const weight = (name: string, dims: readonly number[]): Value =>
  constant(
    floats(dims, Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, next)),
    name,
  );

const image = input('x', 'float', ['batch', 1, 4, 4]);
const rows = input('x', 'float', ['batch', 3]);
const list = (...numbers: number[]): Value => constant(int64s(numbers));

/** `name` makes so many channels of an image, of which it reads any number. */
const conv = (name: string, made: number, x: Value = image, attributes: Attributes = {}): Value =>
  operation('Conv', [x, weight(name, [made, Number(shapeOf(x)?.[1]), 1, 1])], attributes);

const grouped = (name: string, made: number, { x, group }: { x: Value; group: number }): Value =>
  operation('Conv', [x, weight(name, [made, Number(shapeOf(x)?.[1]) / group, 1, 1])], {
    group: attribute.int(group),
  });

/** `name` makes so many columns. */
const dense = (name: string, made: number, x: Value = rows): Value =>
  operation('MatMul', [x, weight(name, [Number(shapeOf(x)?.at(-1)), made])]);

const reads = (x: Value): Value => conv('z', 2, x);
const readsRows = (x: Value): Value => dense('z', 2, x);

const modelOf = (y: Value, x = image): Model =>
  model({ graph: { name: 'case', inputs: [x], outputs: [{ name: 'y', value: y }] } });

/** What goes with each channel: `a0:1` is index 1 along axis 0 of the weight `a`. */
const shown = ({ size, weights }: ChannelGroup): string =>
  Array.from({ length: size }, (_, channel) =>
    weights
      .map((each) => {
        const indices = [...each.channels.keys()].filter((index) => each.channels[index] === channel);
        return `${each.weight.name ?? '?'}${each.axis}:${indices.join(',')}`;
      })
      .join(' '),
  ).join(' | ');

const op = (name: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value =>
  operation(name, inputs, attributes);
const { int, ints } = attribute;
const split = (x: Value, sizes: readonly number[], axis = 1) =>
  operation('Split', [x, list(...sizes)], { axis: int(axis) }, { outputs: sizes.length });

const plain = 'a0:0 z1:0 | a0:1 z1:1';

/** From an image: what couples which channels. */
const imageCases: readonly (readonly [string, () => Value, readonly string[]])[] = [
  ['Conv', () => reads(conv('a', 2)), [plain]],
  ['Relu', () => reads(op('Relu', [conv('a', 2)])), [plain]],
  ['Clip', () => reads(op('Clip', [conv('a', 2), constant(scalar(0)), constant(scalar(6))])), [plain]],
  ['Dropout', () => reads(op('Dropout', [conv('a', 2)])), [plain]],
  ['Cast', () => reads(op('Cast', [conv('a', 2)], { to: int(1) })), [plain]],
  [
    'depthwise Conv',
    () => reads(grouped('d', 2, { x: conv('a', 2), group: 2 })),
    ['a0:0 d0:0 z1:0 | a0:1 d0:1 z1:1'],
  ],
  [
    'depthwise Conv that makes two of each',
    () => reads(grouped('d', 4, { x: conv('a', 2), group: 2 })),
    ['a0:0 d0:0,1 z1:0,1 | a0:1 d0:2,3 z1:2,3'],
  ],
  [
    'grouped Conv, the same places of each group',
    () => reads(grouped('g', 4, { x: conv('a', 6), group: 2 })),
    ['a0:0,3 g1:0 | a0:1,4 g1:1 | a0:2,5 g1:2', 'g0:0,2 z1:0,2 | g0:1,3 z1:1,3'],
  ],
  [
    'grouped Conv, whole groups',
    () => reads(grouped('g', 2, { x: conv('a', 4), group: 2 })),
    ['a0:0,1 g0:0 z1:0 | a0:2,3 g0:1 z1:1'],
  ],
  [
    'ConvTranspose',
    () => reads(op('ConvTranspose', [conv('a', 2), weight('t', [2, 2, 1, 1])])),
    ['a0:0 t0:0 | a0:1 t0:1', 't1:0 z1:0 | t1:1 z1:1'],
  ],
  [
    'BatchNormalization',
    () =>
      reads(
        op('BatchNormalization', [conv('a', 2), ...['s', 'b', 'm', 'v'].map((name) => weight(name, [2]))]),
      ),
    ['a0:0 s0:0 b0:0 m0:0 v0:0 z1:0 | a0:1 s0:1 b0:1 m0:1 v0:1 z1:1'],
  ],
  [
    'InstanceNormalization',
    () => reads(op('InstanceNormalization', [conv('a', 2), weight('s', [2]), weight('b', [2])])),
    ['a0:0 s0:0 b0:0 z1:0 | a0:1 s0:1 b0:1 z1:1'],
  ],
  [
    'GroupNormalization',
    () =>
      reads(
        op('GroupNormalization', [conv('a', 4), weight('s', [4]), weight('b', [4])], { num_groups: int(2) }),
      ),
    ['a0:0,1 s0:0,1 b0:0,1 z1:0,1 | a0:2,3 s0:2,3 b0:2,3 z1:2,3'],
  ],
  [
    'PRelu',
    () => reads(op('PRelu', [conv('a', 2), weight('p', [2, 1, 1])])),
    ['a0:0 p0:0 z1:0 | a0:1 p0:1 z1:1'],
  ],
  [
    'Mul',
    () => reads(op('Mul', [conv('a', 2), weight('s', [1, 2, 1, 1])])),
    ['a0:0 s1:0 z1:0 | a0:1 s1:1 z1:1'],
  ],
  [
    'residual Add',
    () => {
      const a = conv('a', 2);
      return reads(op('Add', [a, conv('b', 2, conv('c', 2, a))]));
    },
    ['a0:0 c1:0 b0:0 z1:0 | a0:1 c1:1 b0:1 z1:1', 'c0:0 b1:0 | c0:1 b1:1'],
  ],
  [
    'Concat',
    () => reads(op('Concat', [conv('a', 2), conv('b', 3)], { axis: int(1) })),
    ['a0:0 z1:0 | a0:1 z1:1', 'b0:0 z1:2 | b0:1 z1:3 | b0:2 z1:4'],
  ],
  [
    'Concat that is added to',
    () => reads(op('Add', [op('Concat', [conv('a', 2), conv('b', 2)], { axis: int(1) }), conv('c', 4)])),
    ['a0:0 c0:0 z1:0 | a0:1 c0:1 z1:1', 'b0:0 c0:2 z1:2 | b0:1 c0:3 z1:3'],
  ],
  [
    'Split into a product',
    () => {
      const parts = split(conv('a', 4), [2, 2]);
      return reads(op('Mul', [parts, output(parts, 1)]));
    },
    ['a0:0,2 z1:0 | a0:1,3 z1:1'],
  ],
  [
    'Split, one part of which is not read by a layer',
    () => reads(output(split(conv('a', 5), [3, 2]), 1)),
    ['a0:0 | a0:1 | a0:2', 'a0:3 z1:0 | a0:4 z1:1'],
  ],
  [
    'Slice',
    () => reads(op('Slice', [conv('a', 4), list(1), list(3), list(1)])),
    ['a0:0 | a0:3', 'a0:1 z1:0 | a0:2 z1:1'],
  ],
  [
    'Gather',
    () => reads(op('Gather', [conv('a', 3), list(2, 0, 2)], { axis: int(1) })),
    ['a0:0 z1:1 | a0:2 z1:0,2'],
  ],
  [
    'Flatten',
    () => readsRows(op('Flatten', [op('AveragePool', [conv('a', 2)], { kernel_shape: ints([2, 4]) })])),
    ['a0:0 z0:0,1,2 | a0:1 z0:3,4,5'],
  ],
  [
    'Reshape into rows',
    () => readsRows(op('Reshape', [op('GlobalMaxPool', [conv('a', 2)]), list(0, 2)])),
    ['a0:0 z0:0 | a0:1 z0:1'],
  ],
  [
    'Reshape that a shape is worked out for',
    () => {
      const pooled = op('GlobalAveragePool', [conv('a', 2)]);
      const batch = op('Gather', [op('Shape', [pooled]), list(0)]);
      return readsRows(op('Reshape', [pooled, op('Concat', [batch, list(2)], { axis: int(0) })]));
    },
    ['a0:0 z0:0 | a0:1 z0:1'],
  ],
  [
    'channels last',
    () => readsRows(op('Transpose', [conv('a', 2)], { perm: ints([0, 2, 3, 1]) })),
    ['a0:0 z0:0 | a0:1 z0:1'],
  ],
  [
    'Resize by sizes',
    () => reads(op('Resize', [conv('a', 2), undefined, undefined, list(1, 2, 8, 8)])),
    [plain],
  ],
  [
    'Resize by scales',
    () => reads(op('Resize', [conv('a', 2), undefined, constant(floats([4], [1, 1, 2, 2]))])),
    [plain],
  ],
  ['MaxPool', () => reads(op('MaxPool', [conv('a', 2)], { kernel_shape: ints([2, 2]) })), [plain]],
  ['ReduceMean over space', () => reads(op('ReduceMean', [conv('a', 2), list(2, 3)])), [plain]],
  ['ReduceSum over channels', () => op('ReduceSum', [conv('a', 2), list(1)]), ['a0:0 | a0:1']],
  [
    'Squeeze',
    () => readsRows(op('Squeeze', [op('GlobalMaxPool', [conv('a', 2)]), list(-1, -2)])),
    ['a0:0 z0:0 | a0:1 z0:1'],
  ],
  ['Pad of space', () => reads(op('Pad', [conv('a', 2), list(0, 0, 1, 1, 0, 0, 1, 1)])), [plain]],
  ['Expand', () => reads(op('Expand', [conv('a', 2), list(1, 2, 1, 1)])), [plain]],
  ['Tile', () => reads(op('Tile', [conv('a', 2), list(1, 2, 1, 1)])), ['a0:0 z1:0,2 | a0:1 z1:1,3']],
  [
    'DepthToSpace',
    () => reads(op('DepthToSpace', [conv('a', 8)], { blocksize: int(2) })),
    ['a0:0,2,4,6 z1:0 | a0:1,3,5,7 z1:1'],
  ],
  ['ReduceMean over channels', () => op('ReduceMean', [conv('a', 2), list(1)]), []],
  ['ReduceMax over channels', () => op('ReduceMax', [conv('a', 2), list(1)]), []],
  ['Softmax over channels', () => reads(op('Softmax', [conv('a', 2)], { axis: int(1) })), []],
  ['LRN', () => reads(op('LRN', [conv('a', 2)], { size: int(3) })), []],
  [
    'LayerNormalization over channels',
    () => reads(op('LayerNormalization', [conv('a', 2), weight('s', [2, 4, 4])], { axis: int(1) })),
    [],
  ],
  ['what the model gives out', () => conv('a', 2), []],
  [
    'what is added to the input',
    () => reads(op('Add', [conv('a', 4), op('Concat', [image, image, image, image], { axis: int(1) })])),
    [],
  ],
  [
    'an operator without a rule',
    () => {
      const types = [tensorType('float', ['batch', 2, 4, 4])];
      return reads(operation('Secret', [conv('a', 2)], {}, { domain: 'example', types }));
    },
    [],
  ],
];

/** From rows of numbers. */
const rowCases: readonly (readonly [string, () => Value, readonly string[]])[] = [
  ['MatMul', () => readsRows(dense('a', 2)), ['a1:0 z0:0 | a1:1 z0:1']],
  [
    'MatMul and Add',
    () => readsRows(op('Add', [dense('a', 2), weight('b', [2])])),
    ['a1:0 b0:0 z0:0 | a1:1 b0:1 z0:1'],
  ],
  [
    'Gemm, transposed',
    () => {
      const gemm = op('Gemm', [rows, weight('a', [2, 3]), weight('b', [2])], { transB: int(1) });
      return op('Gemm', [gemm, weight('z', [2, 2])], { transB: int(1) });
    },
    ['a0:0 b0:0 z1:0 | a0:1 b0:1 z1:1'],
  ],
  [
    'Einsum',
    () => op('Einsum', [dense('a', 2), weight('z', [4, 2])], { equation: attribute.string('bi,oi->bo') }),
    ['a1:0 z1:0 | a1:1 z1:1'],
  ],
  [
    'one weight in two layers',
    () => readsRows(op('Add', [dense('a', 3), readsBoth()])),
    ['a1:0 c0:0,3 z0:0 | a1:1 c0:1,4 z0:1 | a1:2 c0:2,5 z0:2'],
  ],
  ['LayerNormalization', () => readsRows(op('LayerNormalization', [dense('a', 2), weight('s', [2])])), []],
  [
    'a table laid along one number',
    () => readsRows(op('Mul', [op('ReduceMax', [rows, list(1)]), weight('a', [1, 2])])),
    [],
  ],
];

/** Six columns are made, of which the first three are added to the last three. */
function readsBoth(): Value {
  const parts = split(op('Gemm', [rows, weight('c', [6, 3])], { transB: int(1) }), [3, 3]);
  return op('Add', [parts, output(parts, 1)]);
}

async function answers(of: Model, x: Value): Promise<readonly number[] | undefined> {
  const dims = (shapeOf(x) ?? []).map((size) => (typeof size === 'number' ? size : 1));
  const length = dims.reduce((product, size) => product * size, 1);
  const results = await runModel(writeModel(of), { x: floats(dims, Float32Array.from({ length }, next)) });
  return results.y?.dims;
}

describe('channels that go together', () => {
  it.each(imageCases)('%s', async (_, build, expected) => {
    const whole = modelOf(build());

    const groups = findChannelGroups(whole);

    expect(groups.map(shown)).toEqual(expected);
  });

  it.each(rowCases)('%s', (_, build, expected) => {
    const whole = modelOf(build(), rows);

    const groups = findChannelGroups(whole);

    expect(groups.map(shown)).toEqual(expected);
  });

  it.each(imageCases.filter(([, , expected]) => expected.length > 0))(
    '%s, one of each removed',
    async (_, build) => {
      const whole = modelOf(build());
      const keptByGroup = new Map(
        findChannelGroups(whole).map(({ name, size }) => [
          name,
          [...Array(size - 1).keys()].map((at) => at + 1),
        ]),
      );

      const { model: pruned } = await pruneChannels({ keptByGroup }).apply(whole);

      verifyGraph(pruned.graph);
      expect(await answers(pruned, image)).toEqual(await answers(whole, image));
      expect(findChannelGroups(pruned).every(({ size }) => size > 0)).toBe(true);
    },
  );
});
