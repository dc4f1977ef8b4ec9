import { findChannelGroups } from '../../../../jobs/compression/pruning/channel-groups';
import { countParts, pruneHeads } from '../../../../jobs/compression/pruning/prune-channels';
import { attribute, constant, floats, input, int64s, operation, scalar } from '../../../../shared/onnx/build';
import type { Attributes, Model, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { verifyGraph } from '../../../../shared/onnx/verify';
import { writeModel } from '../../../../shared/onnx/write-model';
import { silence } from '../../../support/channel-networks';
import { noise } from '../../../support/random-mlp';
import { runModel } from '../../../support/run-onnx';

const next = noise(21);
const random = (dims: readonly number[]): Float32Array =>
  Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, next);
const weight = (name: string, ...dims: number[]): Value => constant(floats(dims, random(dims)), name);

const [width, heads, length] = [12, 4, 3];
const x = input('x', 'float', ['batch', length, width]);
const fused = { domain: 'com.microsoft' };
const { int, ints } = attribute;

const dense = (name: string, made: number): Value =>
  operation('Add', [operation('MatMul', [x, weight(name, width, made)]), weight(`${name}_bias`, made)]);

/** Queries, keys and values apart. */
const apart = (): Value[] => [dense('q', width), dense('k', width), dense('v', 2 * width)];

const forms: readonly (readonly [string, () => Value])[] = [
  [
    'Attention of ONNX Runtime',
    () =>
      operation(
        'Attention',
        [x, weight('w', width, 3 * width), weight('b', 3 * width)],
        { num_heads: int(heads) },
        fused,
      ),
  ],
  [
    'Attention of ONNX Runtime, values of another size, scores with a bias',
    () => {
      const sizes = { num_heads: int(heads), qkv_hidden_sizes: ints([width, width, 2 * width]) };
      const added = weight('added', 1, heads, length, length);
      const inputs = [x, weight('w', width, 4 * width), weight('b', 4 * width), undefined, undefined, added];
      return operation('Attention', inputs, sizes, fused);
    },
  ],
  ['MultiHeadAttention', () => operation('MultiHeadAttention', apart(), { num_heads: int(heads) }, fused)],
  [
    'MultiHeadAttention with a bias',
    () =>
      operation('MultiHeadAttention', [...apart(), weight('b', 4 * width)], { num_heads: int(heads) }, fused),
  ],
  [
    'Attention of ONNX',
    () => operation('Attention', apart(), { q_num_heads: int(heads), kv_num_heads: int(heads) }),
  ],
  [
    'written out, heads ahead of the length',
    () => {
      const split = (value: Value, size: number): Value => {
        const shaped = operation('Reshape', [value, constant(int64s([0, length, heads, size]))]);
        return operation('Transpose', [shaped], { perm: ints([0, 2, 1, 3]) });
      };
      const [q, k, v] = apart();
      if (q === undefined || k === undefined || v === undefined) return x;
      const keys = operation('Transpose', [split(k, 3)], { perm: ints([0, 1, 3, 2]) });
      const scores = operation('Div', [
        operation('MatMul', [split(q, 3), keys]),
        constant(scalar(Math.sqrt(3))),
      ]);
      const read = operation('MatMul', [operation('Softmax', [scores]), split(v, 6)]);
      const back = operation('Transpose', [read], { perm: ints([0, 2, 1, 3]) });
      return operation('Reshape', [back, constant(int64s([0, 0, 2 * width]))]);
    },
  ],
];

function modelOf(attention: Value, read: number, attributes: Attributes = {}): Model {
  const y = operation('MatMul', [attention, weight('o', read, 5)], attributes);
  return model({ graph: { name: 'test', inputs: [x], outputs: [{ name: 'y', value: y }] } });
}

const sizeOf = ({ type }: Value): number => (type.kind === 'tensor' ? Number(type.shape?.at(-1)) : 0);

const fed = floats([2, length, width], random([2, length, width]));
const answers = async (of: Model) =>
  Array.from((await runModel(writeModel(of), { x: fed })).y?.data ?? [], Number);

describe('attention heads', () => {
  it.each(forms)('that are dead leave without a trace: %s', async (_, build) => {
    const attention = build();
    const whole = modelOf(attention, sizeOf(attention));
    const [group] = findChannelGroups(whole);
    const silent = silence(whole, group ? [group] : [], (__, head) => head === 1);

    const { model: pruned } = await pruneHeads({ fraction: 0.25 }).apply(silent);

    verifyGraph(pruned.graph);
    expect([countParts(whole, 'heads'), countParts(pruned, 'heads')]).toEqual([heads, heads - 1]);
    const before = await answers(silent);
    for (const [at, value] of (await answers(pruned)).entries())
      expect(value).toBeCloseTo(before[at] ?? 0, 5);
  });

  it('are left alone where their cache is given out', () => {
    const inputs = [x, weight('w', width, 3 * width), weight('b', 3 * width)];
    const node = operation('Attention', inputs, { num_heads: int(heads) }, { ...fused, outputs: 2 });

    expect(findChannelGroups(modelOf(node, width))).toEqual([]);
  });
});

describe('channels and bodies', () => {
  const condition = operation('Greater', [
    operation('ReduceSum', [x], { keepdims: int(0) }),
    constant(scalar(0)),
  ]);
  const graph = (name: string, value: Value) =>
    attribute.graph({ name, inputs: [], outputs: [{ name: 'out', value }] });
  const half = (hidden: Value) => operation('Mul', [hidden, constant(scalar(0.5))]);

  it('that a branch gives out stay', () => {
    const hidden = dense('a', 6);
    const node = operation('If', [condition], {
      then_branch: graph('yes', hidden),
      else_branch: graph('no', half(hidden)),
    });

    expect(findChannelGroups(modelOf(node, 6))).toEqual([]);
  });

  it('that a branch reads whole go', async () => {
    const hidden = dense('a', 6);
    const read = (name: string) => operation('MatMul', [hidden, weight(name, 6, 4)]);
    const node = operation('If', [condition], {
      then_branch: graph('yes', read('yes')),
      else_branch: graph('no', read('no')),
    });
    const whole = modelOf(node, 4);
    const [group] = findChannelGroups(whole);
    const silent = silence(whole, group ? [group] : [], (_, channel) => channel === 3);
    const keptByGroup = new Map([[group?.name ?? '', [0, 1, 2, 4, 5]]]);

    const { model: pruned } = await pruneHeads({ keptByGroup }).apply(silent);

    const before = await answers(silent);
    for (const [at, value] of (await answers(pruned)).entries())
      expect(value).toBeCloseTo(before[at] ?? 0, 5);
  });

  it('that a loop reads stay', () => {
    const hidden = dense('a', width);
    const [turn, go] = [input('turn', 'int64', []), input('go', 'bool', [])];
    const state = input('state', 'float', ['batch', length, width]);
    const body = attribute.graph({
      name: 'body',
      inputs: [turn, go, state],
      outputs: [
        { name: 'on', value: go },
        { name: 'next', value: operation('Add', [state, hidden]) },
      ],
    });
    const node = operation('Loop', [constant(scalar(2, 'int64')), undefined, x], { body });

    expect(findChannelGroups(modelOf(node, width))).toEqual([]);
  });
});
