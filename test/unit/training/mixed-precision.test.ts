import { rowPicker } from '../../../jobs/training/batch-picker';
import { cnnNetwork } from '../../../jobs/training/families/cnn-networks';
import { rnnNetwork } from '../../../jobs/training/families/rnn-network';
import { mlpNetwork } from '../../../jobs/training/families/tabular';
import { nextTokenNetwork, transformerDecoder } from '../../../jobs/training/families/transformer-decoder';
import { transformerEncoder } from '../../../jobs/training/families/transformer-encoder';
import { initialWeights } from '../../../jobs/training/initial-weights';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../../jobs/training/loop-feeds';
import { softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import type { Network } from '../../../jobs/training/network';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { withLossScaling } from '../../../jobs/training/optimizers/with-loss-scaling';
import { type RowType, rowOfFloats } from '../../../jobs/training/row-type';
import { constantSchedule } from '../../../jobs/training/schedules';
import type { StateOf } from '../../../jobs/training/training-state';
import {
  initialOptimizerState,
  type Training,
  trainingLoopModel,
} from '../../../jobs/training/training-step';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { cnnSpec, mlpSpec, rnnSpec, transformerSpec } from '../../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { elementTypeOf } from '../../../shared/onnx/shapes';
import { everyValue } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { roundedToHalf } from '../../support/rounded-to-half';

const rows = 64;

interface Case {
  readonly network: Network;
  readonly features: RowType;
  /** One class a row where absent. */
  readonly targets?: RowType;
}

const mlp: Case = {
  network: mlpNetwork(
    mlpSpec.parse({ family: 'mlp', hidden_units: [16, 16], activation: 'gelu', dropout: 0.1 }),
    { inputs: 6, outputs: 2 },
  ),
  features: rowOfFloats(6),
};

const cnn: Case = {
  network: cnnNetwork(cnnSpec.parse({ family: 'cnn', preset: 'vgg' }), {
    height: 8,
    width: 8,
    channels: 1,
    outputs: 2,
    pixels: { means: [0], deviations: [1] },
  }),
  features: rowOfFloats(8, 8, 1),
};

const statistics = { means: [0], deviations: [1] };

const recurrentNetwork = (cell: 'lstm' | 'gru'): Case => ({
  network: rnnNetwork(
    rnnSpec.parse({ family: 'rnn', cell, hidden_units: 12, bidirectional: true, layers: 2 }),
    {
      length: 6,
      valuesPerStep: 1,
      outputs: 2,
      statistics,
    },
  ),
  features: rowOfFloats(6),
});

const encoder: Case = {
  network: transformerEncoder(
    transformerSpec.parse({
      family: 'transformer',
      form: 'encoder',
      layers: 2,
      heads: 2,
      width: 16,
      dropout: 0.1,
    }),
    { vocabulary: 8, length: 6, outputs: 2 },
  ),
  features: { elementType: 'int64', dims: [6] },
};

const everyFamily: readonly (readonly [string, Case])[] = [
  ['an MLP', mlp],
  [
    'a residual MLP with batch normalization',
    {
      network: mlpNetwork(
        mlpSpec.parse({ family: 'mlp', hidden_units: [16, 16], residual: true, batch_norm: true }),
        { inputs: 6, outputs: 2 },
      ),
      features: rowOfFloats(6),
    },
  ],
  ['a convolutional network', cnn],
  [
    'a residual convolutional network',
    {
      network: cnnNetwork(cnnSpec.parse({ family: 'cnn', preset: 'resnet' }), {
        height: 8,
        width: 8,
        channels: 1,
        outputs: 2,
        pixels: statistics,
      }),
      features: rowOfFloats(8, 8, 1),
    },
  ],
  ['an LSTM', recurrentNetwork('lstm')],
  ['a GRU', recurrentNetwork('gru')],
  ['a transformer', encoder],
  [
    'a language model',
    {
      network: nextTokenNetwork(
        transformerDecoder(
          transformerSpec.parse({ family: 'transformer', form: 'decoder', layers: 2, heads: 2, width: 16 }),
          { vocabulary: 9, length: 6 },
        ),
        { vocabulary: 9, length: 6 },
      ),
      features: { elementType: 'int64', dims: [6] },
      targets: { elementType: 'int64', dims: [6] },
    },
  ],
];

/** Two classes by the sign of the sum of the first half of the numbers. */
function makeRows({ elementType, dims }: RowType, targets?: RowType) {
  const count = dims.reduce((product, size) => product * size, 1);
  const wave = Float32Array.from({ length: rows * count }, (_, place) => Math.sin(12.9898 * (place + 1)));
  const values = elementType === 'float' ? wave : wave.map((value) => Math.floor(4 + 4 * value));
  const labels = Array.from({ length: rows }, (_, row) => {
    const half = values.subarray(row * count, row * count + count / 2);
    return half.reduce((sum, value) => sum + value, 0) > 0 ? 1 : 0;
  });
  return {
    rows,
    features: tensor(elementType, [rows, ...dims], Array.from(values)),
    targets: targets ? tensor('int64', [rows, ...dims], Array.from(values)) : tensor('int64', [rows], labels),
  };
}

interface Setup extends Case {
  readonly precision: 'float32' | 'mixed';
  /** Whether the graph runs as the runtime on this machine would run it, without the rounding. */
  readonly asIs?: boolean;
  readonly accumulation?: number;
  readonly initialScale?: number;
  readonly growthInterval?: number;
}

async function setup({
  network,
  features,
  targets,
  precision,
  asIs = false,
  accumulation = 1,
  ...scaling
}: Setup) {
  const schedule = constantSchedule(0.003);
  const optimizer = optimizerOf(optimizerSpec.parse({ name: 'adam' }), schedule);
  const training: Training = {
    network,
    picker: rowPicker(features, targets ?? softmaxCrossEntropy.targets),
    loss: softmaxCrossEntropy,
    optimizer: precision === 'mixed' ? withLossScaling(optimizer, scaling) : optimizer,
    precision,
    schedule,
    batchSize: 16 / accumulation,
    accumulation,
    seed: 1,
  };
  const names = stateNames(training);
  const start: StateOf<Tensor> = {
    ...initialWeights(network, 1),
    optimizer: initialOptimizerState(training),
    averages: [],
  };
  const model = trainingLoopModel(training);
  const computed = precision === 'mixed' && !asIs ? roundedToHalf(model) : model;
  const session = await onnxModelRuntime().load(writeModel(computed), { threads: 1 });
  const chunk = makeRows(features, targets);
  const run = async (state: StateOf<Tensor>, steps: number) => {
    const feeds = batchFeeds(chunk, training, { from: 0, steps, stepsDone: 0 });
    const results = await session.run({ ...feeds, ...stateFeeds(names, state) });
    return { state: nextState(names, results), losses: Array.from(results.losses?.data ?? [], Number) };
  };
  return { model, start, run };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function lossAfter(epochs: number, options: Setup): Promise<number> {
  const { start, run } = await setup(options);
  let state = start;
  let losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) ({ state, losses } = await run(state, 4));
  return mean(losses);
}

/** The first two tensors of the optimizer's state. */
const scalingOf = ({ optimizer: [scale, good] }: StateOf<Tensor>) => ({
  scale: Number(scale?.data[0]),
  good: Number(good?.data[0]),
});

describe('mixed precision', () => {
  it.each([
    ['an MLP', mlp],
    ['a convolutional network', cnn],
  ])('comes to nearly the same loss as float32: %s', async (_, given) => {
    const single = await lossAfter(20, { ...given, precision: 'float32' });
    const mixed = await lossAfter(20, { ...given, precision: 'mixed' });

    expect(single).toBeLessThan(0.4);
    expect(Math.abs(mixed - single)).toBeLessThan(0.05);
  });

  it.each(everyFamily)('takes nearly the first steps of float32: %s', async (_, given) => {
    const losses = async (precision: 'float32' | 'mixed') => {
      const { start, run } = await setup({ ...given, precision, initialScale: 2 ** 10 });
      return (await run(start, 3)).losses;
    };

    const [single, mixed] = [await losses('float32'), await losses('mixed')];

    expect(mixed).not.toEqual(single);
    mixed.forEach((loss, step) => {
      expect(Math.abs(loss - (single[step] ?? Number.NaN))).toBeLessThan(0.02);
    });
  });

  it.each(everyFamily)('runs on the runtime of this machine: %s', async (_, given) => {
    const { start, run } = await setup({ ...given, precision: 'mixed', asIs: true });

    const { losses, state } = await run(start, 3);

    expect(losses.every(Number.isFinite)).toBe(true);
    expect(state.parameters).not.toEqual(start.parameters);
  });

  it('accumulates', async () => {
    const whole = await lossAfter(5, { ...mlp, precision: 'mixed' });
    const inParts = await lossAfter(5, { ...mlp, precision: 'mixed', accumulation: 4 });

    expect(Math.abs(whole - inParts)).toBeLessThan(0.05);
  });

  it('leaves a step out whose gradients overflow, and halves the scale until they do not', async () => {
    const { start, run } = await setup({ ...mlp, precision: 'mixed', initialScale: 2 ** 24 });

    const first = await run(start, 1);
    let later = first;
    for (let epoch = 0; epoch < 3; epoch++) later = await run(later.state, 4);

    expect(first.state.parameters).toEqual(start.parameters);
    expect(scalingOf(first.state)).toEqual({ scale: 2 ** 23, good: 0 });
    expect(first.state.optimizer.slice(2)).toEqual(start.optimizer.slice(2));
    expect(later.state.parameters).not.toEqual(start.parameters);
    expect(scalingOf(later.state).scale).toBeLessThan(2 ** 23);
    expect(later.losses.every(Number.isFinite)).toBe(true);
  });

  it('doubles the scale after good steps', async () => {
    const { start, run } = await setup({ ...mlp, precision: 'mixed', initialScale: 8, growthInterval: 3 });

    const two = await run(start, 2);
    const six = await run(two.state, 4);

    expect(scalingOf(two.state)).toEqual({ scale: 8, good: 2 });
    expect(scalingOf(six.state)).toEqual({ scale: 32, good: 0 });
  });

  it('takes the same steps whatever the scale', async () => {
    const steps = async (initialScale: number) => {
      const { start, run } = await setup({ ...mlp, precision: 'mixed', initialScale });
      return (await run(start, 4)).losses;
    };

    const [small, large] = [await steps(2 ** 8), await steps(2 ** 12)];

    small.forEach((loss, step) => {
      expect(loss).toBeCloseTo(large[step] ?? Number.NaN, 3);
    });
  });

  it('computes products in float16, and hands parameters and the loss over in float32', async () => {
    const { model } = await setup({ ...mlp, precision: 'mixed' });

    const loop = model.graph.outputs.map(({ value }) => value);
    const products = everyValue(loop).filter((value) => value.kind === 'operation' && value.op === 'Gemm');

    expect(products.length).toBeGreaterThan(6);
    expect(new Set(products.map(elementTypeOf))).toEqual(new Set(['float16']));
    expect(loop.map(elementTypeOf)).not.toContain('float16');
  });
});
