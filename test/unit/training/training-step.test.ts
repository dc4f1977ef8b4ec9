import { rowPicker } from '../../../jobs/training/batch-picker';
import { linearNetwork, mlpNetwork } from '../../../jobs/training/families/tabular';
import { initialWeights } from '../../../jobs/training/initial-weights';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../../jobs/training/loop-feeds';
import { softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import type { Loss } from '../../../jobs/training/losses/loss';
import { squaredError } from '../../../jobs/training/losses/squared-error';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { rowOfFloats } from '../../../jobs/training/row-type';
import { scheduleOf } from '../../../jobs/training/schedules';
import type { StateOf } from '../../../jobs/training/training-state';
import {
  initialOptimizerState,
  singleStepModel,
  type Training,
  trainingLoopModel,
} from '../../../jobs/training/training-step';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { mlpSpec } from '../../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { floats, tensor } from '../../../shared/onnx/build';
import type { Model, Tensor } from '../../../shared/onnx/ir';
import { writeModel } from '../../../shared/onnx/write-model';

type Tensors = StateOf<Tensor>;

const features = 3;

/** Two classes on either side of a plane, and a number that is linear in the features. */
function makeRows(rows: number) {
  const wave = (row: number, column: number) => Math.sin(12.9898 * (row + 1) * (column + 1));
  const values = Float32Array.from({ length: rows * features }, (_, index) =>
    wave(Math.floor(index / features), index % features),
  );
  const sums = Float32Array.from({ length: rows }, (_, row) => {
    const [a = 0, b = 0, c = 0] = values.subarray(row * features);
    return a + 0.5 * b - c;
  });
  const labels = BigInt64Array.from(sums, (sum) => (sum > 0 ? 1n : 0n));
  return {
    rows,
    features: floats([rows, features], values),
    numbers: floats([rows], sums),
    labels: tensor('int64', [rows], labels),
  };
}

interface Setup {
  hidden?: object | 'none';
  loss?: Loss;
  optimizer?: object;
  batchSize?: number;
}

const mlp = (activation: 'relu' | 'tanh' | 'gelu') => ({ hidden_units: [8, 4], activation });

async function setup({
  hidden = mlp('relu'),
  loss = softmaxCrossEntropy,
  optimizer = { name: 'adam', learning_rate: 0.02 },
  batchSize = 16,
}: Setup = {}) {
  const parsed = optimizerSpec.parse(optimizer);
  const schedule = scheduleOf(
    { name: 'cosine', warmup_fraction: 0.1, final_fraction: 0 },
    { learningRate: parsed.learning_rate, totalSteps: 200 },
  );
  const sizes = { inputs: features, outputs: loss === squaredError ? 1 : 2 };
  const training: Training = {
    network:
      hidden === 'none'
        ? linearNetwork(sizes)
        : mlpNetwork(mlpSpec.parse({ family: 'mlp', ...hidden }), sizes),
    picker: rowPicker(rowOfFloats(features), loss.targets),
    loss,
    optimizer: optimizerOf(parsed, schedule),
    schedule,
    batchSize,
    seed: 3,
  };
  const names = stateNames(training);
  const start: Tensors = {
    ...initialWeights(training.network, 3),
    optimizer: initialOptimizerState(training),
    averages: [],
  };
  const load = (model: Model) => onnxModelRuntime().load(writeModel(model), { threads: 1 });
  return { training, names, start, load };
}

const numbersOf = (value: Tensor | undefined) => Array.from(value?.data ?? [], Number);

describe('training steps', () => {
  it.each([
    ['Adam', { name: 'adam' }],
    ['AdamW', { name: 'adamw', weight_decay: 0.1 }],
    ['momentum', { name: 'sgd', momentum: 0.9, nesterov: true, weight_decay: 0.01 }],
    ['Adagrad', { name: 'adagrad' }],
  ])('come to the same bits in one Loop as one by one with %s', async (_, optimizer) => {
    const { training, names, start, load } = await setup({ optimizer });
    const rows = makeRows(64);
    const chunk = { rows: 64, features: rows.features, targets: rows.labels };
    const loop = await load(trainingLoopModel(training));
    const single = await load(singleStepModel(training));

    const looped = await loop.run({
      ...batchFeeds(chunk, training, { from: 0, steps: 4, stepsDone: 0 }),
      ...stateFeeds(names, start),
    });
    let state: Tensors = start;
    const losses: number[] = [];
    for (let step = 0; step < 4; step++) {
      const batch = {
        features: floats(
          [16, features],
          numbersOf(rows.features).slice(step * 16 * features, (step + 1) * 16 * features),
        ),
        targets: tensor('int64', [16], numbersOf(rows.labels).slice(step * 16, (step + 1) * 16)),
        weights: floats([16], new Float32Array(16).fill(1)),
        first_batch: tensor('int64', [], [step]),
      };
      const results = await single.run({ ...batch, ...stateFeeds(names, state) });
      losses.push(...numbersOf(results.loss));
      state = nextState(names, results);
    }

    expect(numbersOf(looped.losses)).toEqual(losses);
    expect(nextState(names, looped)).toEqual(state);
  });

  it('do not depend on how many are done in one call', async () => {
    const { training, names, start, load } = await setup();
    const rows = makeRows(80);
    const chunk = { rows: 80, features: rows.features, targets: rows.labels };
    const loop = await load(trainingLoopModel(training));
    const call = async (state: Tensors, from: number, steps: number) =>
      loop.run({
        ...batchFeeds(chunk, training, { from, steps, stepsDone: from }),
        ...stateFeeds(names, state),
      });

    const atOnce = nextState(names, await call(start, 0, 5));
    const first = nextState(names, await call(start, 0, 2));
    const inParts = nextState(names, await call(first, 2, 3));

    expect(inParts).toEqual(atOnce);
  });

  it.each<[string, Setup]>([
    ['classes, linear', { hidden: 'none', optimizer: { name: 'sgd', learning_rate: 0.5 } }],
    ['classes, MLP with ReLU', { hidden: mlp('relu') }],
    ['classes, MLP with tanh', { hidden: mlp('tanh') }],
    ['classes, MLP with GELU', { hidden: mlp('gelu') }],
    [
      'numbers, linear',
      {
        hidden: 'none',
        loss: squaredError,
        optimizer: { name: 'sgd', learning_rate: 0.1, momentum: 0.9 },
      },
    ],
    ['numbers, MLP', { hidden: mlp('relu'), loss: squaredError }],
  ])('bring the loss down on what can be learned: %s', async (_, options) => {
    const { training, names, start, load } = await setup(options);
    const rows = makeRows(160);
    const targets = options.loss === squaredError ? rows.numbers : rows.labels;
    const chunk = { rows: 160, features: rows.features, targets };
    const loop = await load(trainingLoopModel(training));

    let state: Tensors = start;
    const losses: number[] = [];
    for (let epoch = 0; epoch < 20; epoch++) {
      const results = await loop.run({
        ...batchFeeds(chunk, training, { from: 0, steps: 10, stepsDone: 0 }),
        ...stateFeeds(names, state),
      });
      losses.push(...numbersOf(results.losses));
      state = nextState(names, results);
    }

    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-10))).toBeLessThan(0.35 * mean(losses.slice(0, 5)));
  });

  it('weigh a last batch by the rows that it has', async () => {
    const { training, names, start, load } = await setup({ batchSize: 16 });
    const short = await setup({ batchSize: 5 });
    const rows = makeRows(5);
    const chunk = { rows: 5, features: rows.features, targets: rows.labels };

    const padded = await (await load(trainingLoopModel(training))).run({
      ...batchFeeds(chunk, training, { from: 0, steps: 1, stepsDone: 0 }),
      ...stateFeeds(names, start),
    });
    const exact = await (await load(trainingLoopModel(short.training))).run({
      ...batchFeeds(chunk, short.training, { from: 0, steps: 1, stepsDone: 0 }),
      ...stateFeeds(names, start),
    });

    expect(numbersOf(padded.losses)[0]).toBeCloseTo(numbersOf(exact.losses)[0] ?? Number.NaN, 6);
    nextState(names, padded).parameters.forEach((parameter, index) => {
      const expected = numbersOf(nextState(names, exact).parameters[index]);
      numbersOf(parameter).forEach((value, place) => {
        expect(value).toBeCloseTo(expected[place] ?? Number.NaN, 5);
      });
    });
  });
});
