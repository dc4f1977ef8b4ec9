import { type ChannelGroup, findChannelGroups } from '../../../../jobs/compression/pruning/channel-groups';
import { pruneChannels } from '../../../../jobs/compression/pruning/prune-channels';
import { taylorOfBlocks } from '../../../../jobs/compression/pruning/prune-layers';
import { taylorOfWeights } from '../../../../jobs/compression/pruning/prune-weights';
import { taylorImportance } from '../../../../jobs/compression/pruning/taylor/taylor-importance';
import type { SampleBatch } from '../../../../jobs/compression/samples';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import { attribute, constant, floats, input, operation, tensor } from '../../../../shared/onnx/build';
import type { Model, Tensor, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { noise } from '../../../support/random-mlp';

const next = noise(11);
const random = (dims: readonly number[]): Float32Array =>
  Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, next);
const weight = (name: string, dims: readonly number[], values = random(dims)) =>
  constant(floats(dims, values), name);

const x = input('x', 'float', ['batch', 3]);
const modelOf = (y: Value, inputs = [x]): Model =>
  model({ graph: { name: 'test', inputs, outputs: [{ name: 'y', value: y }] } });

/** Two layers without anything between: the answers are a sum over channels, of which the third is dead. */
function linear(end: (scores: Value) => Value = (scores) => scores) {
  const made = random([3, 4]).map((value, at) => (at % 4 === 2 ? 0 : value));
  const hidden = operation('MatMul', [x, weight('a', [3, 4], made)]);
  const read = random([4, 2]);
  return { whole: modelOf(end(operation('MatMul', [hidden, weight('b', [4, 2], read)]))), made, read };
}

const batches = Array.from({ length: 16 }, () => floats([8, 3], random([8, 3])));

function dataOf(feeds: readonly Tensor[] = batches, draws = 32) {
  async function* samples({ mostRows = 1_000 } = {}): AsyncIterable<SampleBatch> {
    let left = mostRows;
    for (const each of feeds) {
      if (left <= 0) return;
      left -= 8;
      yield { rows: 8, feeds: { x: each, unread: each } };
    }
  }
  const open = (of: Model) => onnxModelRuntime().load(writeModel(of), { threads: 1 });
  return { samples, rows: 128, open, signal: new AbortController().signal, seed: 5, draws };
}

/** What each channel adds to the answers, squared and summed over rows, by hand. */
function exact(made: Float32Array, read: Float32Array): number[] {
  return Array.from({ length: 4 }, (_, channel) => {
    const reach = (read[2 * channel] ?? 0) ** 2 + (read[2 * channel + 1] ?? 0) ** 2;
    const values = batches.flatMap(({ data }) =>
      [...Array(8).keys()].map((row) =>
        [0, 1, 2].reduce((all, at) => all + Number(data[3 * row + at]) * (made[4 * at + channel] ?? 0), 0),
      ),
    );
    return values.reduce((sum, value) => sum + value * value * reach, 0);
  });
}

describe('importance by gradients', () => {
  it.each<[string, (scores: Value) => Value]>([
    ['numbers', (scores) => scores],
    ['probabilities', (scores) => operation('Softmax', [scores])],
    ['chances', (scores) => operation('Sigmoid', [scores])],
  ])('is what the answers move by without a channel: %s', async (_, end) => {
    const { whole, made, read } = linear(end);

    const importance = await taylorImportance(whole, findChannelGroups(whole), dataOf());

    const scores = [...(importance.get('a') ?? [])].map((score) => score / 32);
    const expected = exact(made, read);
    for (const [channel, score] of scores.entries())
      expect(Math.abs(score - (expected[channel] ?? 0))).toBeLessThanOrEqual(0.25 * (expected[channel] ?? 0));
    expect(scores[2]).toBe(0);
  });

  it('is the same on every run', async () => {
    const { whole } = linear();
    const groups = findChannelGroups(whole);

    const [first, second] = [
      await taylorImportance(whole, groups, dataOf()),
      await taylorImportance(whole, groups, dataOf()),
    ];

    expect(first).toEqual(second);
  });

  it('needs no gradient of what stands ahead of the weights', async () => {
    const words = input('words', 'string', ['batch']);
    const keys = { keys_strings: attribute.strings(['a', 'b']), values_int64s: attribute.ints([0, 1]) };
    const numbers = operation('LabelEncoder', [words], keys, { domain: 'ai.onnx.ml' });
    const looked = operation('Gather', [weight('table', [2, 3]), numbers]);
    const hidden = operation('Relu', [operation('MatMul', [looked, weight('a', [3, 4])])]);
    const whole = modelOf(operation('MatMul', [hidden, weight('b', [4, 2])]), [words]);
    const feeds = { words: tensor('string', [2], ['a', 'b']) };
    async function* samples(): AsyncIterable<SampleBatch> {
      yield { rows: 2, feeds };
    }

    const groups = findChannelGroups(whole);
    const importance = await taylorImportance(whole, groups, { ...dataOf(), samples });

    expect(groups.map(({ name, size }) => [name, size])).toEqual([
      ['table', 3],
      ['a', 4],
    ]);
    expect((importance.get('a') ?? []).some((score) => score > 0)).toBe(true);
  });

  it('of blocks is what the answers move by without them', async () => {
    const silent = operation('Add', [
      x,
      operation('MatMul', [x, weight('silent', [3, 3], new Float32Array(9))]),
    ]);
    const loud = operation('Add', [silent, operation('MatMul', [silent, weight('loud', [3, 3])])]);
    const whole = modelOf(operation('MatMul', [loud, weight('b', [3, 2])]));

    const importance = await taylorOfBlocks(whole, dataOf());

    expect(importance.get('silent')).toBe(0);
    expect(importance.get('loud')).toBeGreaterThan(0);
  });

  it('of weights is zero where they are', async () => {
    const { whole, made } = linear();

    const importance = await taylorOfWeights(whole, dataOf());

    const [scores = []] = [...importance]
      .filter(([{ name }]) => name === 'a')
      .map(([, each]) => Array.from(each));
    expect(scores.map((score) => score === 0)).toEqual(Array.from(made, (value) => value === 0));
  });

  it('refuses an operator without a gradient behind the weights', async () => {
    const hidden = operation('MatMul', [x, weight('a', [3, 4])]);
    const spread = operation('Det', [
      operation('Reshape', [hidden, constant(tensor('int64', [3], [-1, 2, 2]))]),
    ]);
    const whole = modelOf(
      operation('Add', [
        spread,
        operation('ReduceSum', [operation('MatMul', [hidden, weight('b', [4, 2])])]),
      ]),
    );

    await expect(taylorImportance(whole, groupsOfOne(whole), dataOf())).rejects.toThrow(UnsuitableModelError);
  });

  it('decides which channels go', async () => {
    const { whole } = linear();
    const importance = await taylorImportance(whole, findChannelGroups(whole), dataOf());

    const { model: pruned } = await pruneChannels({ fraction: 0.25, importance }).apply(whole);

    expect(findChannelGroups(pruned).map(({ size }) => size)).toEqual([3]);
    expect(await taylorImportance(pruned, findChannelGroups(pruned), dataOf())).toEqual(
      new Map([['a', importance.get('a')?.filter((_, channel) => channel !== 2)]]),
    );
  });
});

/** The first layer as if its channels could go. */
function groupsOfOne(whole: Model): readonly ChannelGroup[] {
  const made = everyValue(whole.graph.outputs.map(({ value }) => value)).find(
    (value) => value.kind === 'constant' && value.name === 'a',
  );
  if (made?.kind !== 'constant') return [];
  const channels = Int32Array.of(0, 1, 2, 3);
  return [
    { name: 'a', kind: 'channels', size: 4, weights: [{ weight: made, axis: 1, role: 'writes', channels }] },
  ];
}
