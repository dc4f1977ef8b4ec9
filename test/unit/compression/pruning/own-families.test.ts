import { findChannelGroups } from '../../../../jobs/compression/pruning/channel-groups';
import { countParts, pruneChannels, pruneHeads } from '../../../../jobs/compression/pruning/prune-channels';
import { magnitudeOfBlocks, pruneLayers } from '../../../../jobs/compression/pruning/prune-layers';
import { findResidualBlocks } from '../../../../jobs/compression/pruning/residual-blocks';
import { cnnNetwork } from '../../../../jobs/training/families/cnn-networks';
import { rnnNetwork } from '../../../../jobs/training/families/rnn-network';
import { nextTokenNetwork, transformerDecoder } from '../../../../jobs/training/families/transformer-decoder';
import { transformerEncoder } from '../../../../jobs/training/families/transformer-encoder';
import { initialWeights } from '../../../../jobs/training/initial-weights';
import { type Network, predict } from '../../../../jobs/training/network';
import { cnnSpec, rnnSpec, transformerSpec } from '../../../../shared/contracts/training/model-spec';
import { constant, floats, input, tensor } from '../../../../shared/onnx/build';
import type { InputValue, Model, Tensor } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { verifyGraph } from '../../../../shared/onnx/verify';
import { writeModel } from '../../../../shared/onnx/write-model';
import { silence } from '../../../support/channel-networks';
import { noise } from '../../../support/random-mlp';
import { runModel } from '../../../support/run-onnx';

function modelOf(network: Network, x: InputValue): Model {
  const { parameters, statistics } = initialWeights(network, 3);
  const y = predict(network, x, {
    parameters: parameters.map((each, at) => constant(each, network.parameters[at]?.name)),
    statistics: statistics.map((each, at) => constant(each, network.statistics[at]?.name)),
  });
  return model({ graph: { name: 'own', inputs: [x], outputs: [{ name: 'y', value: y }] } });
}

const next = noise(9);
const numbers = (dims: readonly number[]): Tensor =>
  floats(dims, Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, next));

const tokens = tensor('int64', [2, 5], [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]);
const small = { layers: 2, heads: 4, width: 16, feed_forward_width: 24 };

function cnn(preset: 'vgg' | 'resnet'): [Model, Tensor] {
  const spec = cnnSpec.parse({ family: 'cnn', preset, size: 'small' });
  const pixels = { means: [0], deviations: [1] };
  const network = cnnNetwork(spec, { height: 12, width: 12, channels: 1, outputs: 3, pixels });
  return [modelOf(network, input('x', 'float', ['batch', 12, 12, 1])), numbers([2, 12, 12, 1])];
}

function rnn(cell: 'lstm' | 'gru', bidirectional: boolean): [Model, Tensor] {
  const spec = rnnSpec.parse({ family: 'rnn', cell, hidden_units: 12, layers: 2, bidirectional });
  const statistics = { means: [0, 0], deviations: [1, 1] };
  const network = rnnNetwork(spec, { length: 4, valuesPerStep: 2, outputs: 3, statistics });
  return [modelOf(network, input('x', 'float', ['batch', 4, 2])), numbers([2, 4, 2])];
}

function encoder(): [Model, Tensor] {
  const spec = transformerSpec.parse({ family: 'transformer', form: 'encoder', ...small });
  const network = transformerEncoder(spec, { vocabulary: 5, outputs: 3, length: 5 });
  return [modelOf(network, input('x', 'int64', ['batch', 5])), tokens];
}

function decoder(): [Model, Tensor] {
  const spec = transformerSpec.parse({ family: 'transformer', form: 'decoder', ...small });
  const network = nextTokenNetwork(transformerDecoder(spec, { vocabulary: 5, length: 5 }), {
    vocabulary: 5,
    length: 5,
  });
  return [modelOf(network, input('x', 'int64', ['batch', 'length'])), tokens];
}

/** Each family, and how many channels and heads of it can go. */
const families: readonly (readonly [string, () => [Model, Tensor], number, number])[] = [
  ['vgg', () => cnn('vgg'), 32 + 64 + 128, 0],
  ['resnet', () => cnn('resnet'), 2 * (16 + 32 + 64), 0],
  ['lstm', () => rnn('lstm', false), 24, 0],
  ['gru, both ways', () => rnn('gru', true), 48, 0],
  ['transformer encoder', encoder, 48, 8],
  ['transformer decoder', decoder, 48, 8],
];

const answers = async (of: Model, x: Tensor) =>
  Array.from((await runModel(writeModel(of), { x })).y?.data ?? [], Number);

const isSilent = (_: string, channel: number) => channel % 3 === 1;

describe('our own families', () => {
  it.each(families)('lose dead channels and heads without a trace: %s', async (_, build, channels, heads) => {
    const [whole, x] = build();
    const silent = silence(whole, findChannelGroups(whole), isSilent);
    const keptByGroup = new Map(
      findChannelGroups(silent).map(({ name, size }) => [
        name,
        [...Array(size).keys()].filter((channel) => !isSilent(name, channel)),
      ]),
    );

    const { model: pruned } = await pruneChannels({ keptByGroup }).apply(silent);

    verifyGraph(pruned.graph);
    const before = await answers(silent, x);
    for (const [at, value] of (await answers(pruned, x)).entries())
      expect(value).toBeCloseTo(before[at] ?? 0, 5);
    expect([countParts(whole, 'channels'), countParts(whole, 'heads')]).toEqual([channels, heads]);
    expect(writeModel(pruned).length).toBeLessThan(writeModel(silent).length);
  });

  it.each(families)('run with half of their channels: %s', async (_, build) => {
    const [whole, x] = build();

    const { model: pruned, layers } = await pruneChannels({ fraction: 0.5, multiple: 1 }).apply(whole);

    expect(countParts(pruned, 'channels') * 2).toBe(countParts(whole, 'channels'));
    expect((await answers(pruned, x)).length).toBe((await answers(whole, x)).length);
    expect(layers.some(({ bytesAfter, bytesBefore }) => bytesAfter < bytesBefore)).toBe(true);
  });

  it.each(families.filter(([, , , heads]) => heads > 0))(
    'run with half of their heads: %s',
    async (_, build) => {
      const [whole, x] = build();

      const { model: pruned } = await pruneHeads({ fraction: 0.5 }).apply(whole);

      expect([countParts(pruned, 'heads'), countParts(pruned, 'channels')]).toEqual([4, 48]);
      expect((await answers(pruned, x)).every(Number.isFinite)).toBe(true);
    },
  );

  it.each(families.filter(([name]) => /^transformer/.test(name)))(
    'run without a quarter of their blocks: %s',
    async (_, build) => {
      const [whole, x] = build();

      const { model: pruned, layers } = await pruneLayers({ fraction: 0.25 }).apply(whole);

      expect([findResidualBlocks(whole).length, findResidualBlocks(pruned).length]).toEqual([4, 3]);
      expect(layers.filter(({ bytesAfter }) => bytesAfter === 0)).toHaveLength(1);
      expect((await answers(pruned, x)).every(Number.isFinite)).toBe(true);
    },
  );

  it('lose a block that adds nothing without a trace', async () => {
    const [whole, x] = encoder();
    const dead = findResidualBlocks(whole)[2];
    const silent = silence(
      whole,
      [
        {
          name: 'dead',
          kind: 'channels',
          size: 1,
          weights: (dead?.weights ?? []).map((weight) => ({
            weight,
            axis: 0,
            role: 'writes',
            channels: new Int32Array(weight.tensor.dims[0] ?? 0),
          })),
        },
      ],
      () => true,
    );

    const { model: pruned } = await pruneLayers({ fraction: 0.25 }).apply(silent);

    expect(magnitudeOfBlocks(findResidualBlocks(silent)).get(dead?.name ?? '')).toBe(0);
    expect(await answers(pruned, x)).toEqual(await answers(silent, x));
  });

  it('refuses to prune heads where there are none', () => {
    const [whole] = cnn('vgg');

    expect(() => pruneHeads({ fraction: 0.5 }).apply(whole)).toThrow(
      'the model has no attention heads that could be removed',
    );
  });

  it('refuses to leave no block', () => {
    const [whole] = encoder();

    expect(() => pruneLayers({ fraction: 0.95 }).apply(whole)).toThrow('leave at least 1');
  });
});
