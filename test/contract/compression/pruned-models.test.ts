import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChannelGroups } from '../../../jobs/compression/pruning/channel-groups';
import { countParts, pruneChannels } from '../../../jobs/compression/pruning/prune-channels';
import { plainGraph } from '../../../jobs/training/finetune/plain-graph';
import { constant, floats, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Model, Tensor } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { verifyGraph } from '../../../shared/onnx/verify';
import { rewrite } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { silence } from '../../support/channel-networks';
import { noise } from '../../support/random-mlp';
import { runModel } from '../../support/run-onnx';

const folder = join(__dirname, '../../../../shared/models');

const random = (dims: readonly number[]): Tensor =>
  floats(dims, Float32Array.from({ length: elementCount(dims) }, noise(7)));

const ids = (dims: readonly number[]): Tensor =>
  tensor(
    'int32',
    dims,
    Int32Array.from({ length: elementCount(dims) }, (_, at) => 1 + (at % 7)),
  );

const pasts = Object.fromEntries(
  [0, 1, 2, 3, 4].map((layer) => [`past_${layer}`, tensor('float', [2, 1, 4, 0, 8], new Float32Array(0))]),
);

/** What can go of each of them. */
const models: readonly [path: string, feeds: Readonly<Record<string, Tensor>>, channels: number][] = [
  ['mnist-cntk.onnx', { Input3: random([1, 1, 28, 28]) }, 24],
  ['light/light_shufflenet.onnx', { 'gpu_0/data_0': random([1, 3, 224, 224]) }, 247],
  [
    'tiny-random-gpt2/past.onnx',
    { input_ids: ids([1, 5]), position_ids: ids([1, 5]), attention_mask: ids([1, 5]), ...pasts },
    128,
  ],
];

/** Today's operators, with numbers in place of weights that are one number everywhere. */
function modelAt(path: string): Model {
  const upgraded = upgradeModel(readModel(readFileSync(join(folder, path))));
  if (!path.startsWith('light/')) return upgraded;
  const next = noise(3);
  const graph = rewrite(plainGraph(upgraded), (value) => {
    if (value.kind !== 'constant' || !(value.tensor.data instanceof Float32Array)) return undefined;
    const { dims } = value.tensor;
    const scale = dims.length < 2 ? 0.1 : Math.sqrt(6 / elementCount(dims.slice(1)));
    const numbers = Float32Array.from(
      { length: elementCount(dims) },
      () => next() * scale + (dims.length < 2 ? 1 : 0),
    );
    return constant(floats(dims, numbers), value.name);
  });
  return { ...upgraded, graph };
}

const isSilent = (_: string, channel: number) => channel % 3 === 1;

const whereGiven = existsSync(folder) ? describe : describe.skip;

whereGiven('pruning models that others made (skipped where ../shared/models is not on this machine)', () => {
  it.each(models)('%s loses dead channels without a trace', async (path, feeds, channels) => {
    const whole = modelAt(path);
    const groups = findChannelGroups(whole);
    const silent = silence(whole, groups, isSilent);
    const kept = (name: string, size: number) =>
      [...Array(size).keys()].filter((channel) => !isSilent(name, channel));
    const keptByGroup = new Map(groups.map(({ name, size }) => [name, kept(name, size)]));

    const { model: pruned } = await pruneChannels({ keptByGroup }).apply(silent);

    verifyGraph(pruned.graph);
    expect(countParts(whole, 'channels')).toBe(channels);
    const [before, after] = [
      await runModel(writeModel(silent), feeds),
      await runModel(writeModel(pruned), feeds),
    ];
    for (const [name, { data }] of Object.entries(before)) {
      const numbers = Array.from(data, Number);
      const reach = Math.max(1, ...numbers.map(Math.abs));
      const found = Array.from(after[name]?.data ?? [], Number);
      expect(found.every((value, at) => Math.abs(value - (numbers[at] ?? 0)) <= 1e-5 * reach)).toBe(true);
    }
  });

  it('magika runs with half of the channels that can go, though they emit what is added to each place behind them', async () => {
    const whole = modelAt('magika/model.onnx');

    const { model: pruned } = await pruneChannels({ fraction: 0.5 }).apply(whole);

    const { target_label: scores } = await runModel(writeModel(pruned), { bytes: ids([2, 2048]) });
    expect([countParts(whole, 'channels'), countParts(pruned, 'channels')]).toEqual([64, 32]);
    expect(scores?.dims).toEqual([2, 214]);
    expect(Array.from(scores?.data ?? [], Number).every(Number.isFinite)).toBe(true);
  });
});
