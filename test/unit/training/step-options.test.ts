import { augmentationOf } from '../../../jobs/training/augmentation/augmentation-of';
import { rowPicker } from '../../../jobs/training/batch-picker';
import { mlpNetwork } from '../../../jobs/training/families/tabular';
import { initialWeights } from '../../../jobs/training/initial-weights';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../../jobs/training/loop-feeds';
import { softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { rowOfFloats } from '../../../jobs/training/row-type';
import { constantSchedule } from '../../../jobs/training/schedules';
import type { StateOf } from '../../../jobs/training/training-state';
import {
  initialOptimizerState,
  rowsPerStep,
  type Training,
  trainingLoopModel,
} from '../../../jobs/training/training-step';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { mlpSpec } from '../../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { floats, tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { writeModel } from '../../../shared/onnx/write-model';

type Tensors = StateOf<Tensor>;

const features = 4;
const rows = 96;

const chunk = {
  rows,
  features: floats(
    [rows, features],
    Float32Array.from({ length: rows * features }, (_, place) => Math.sin(9.7 * place)),
  ),
  targets: tensor(
    'int64',
    [rows],
    BigInt64Array.from({ length: rows }, (_, row) => BigInt(row % 3)),
  ),
};

interface Setup extends Partial<Training> {
  model?: object;
  optimizer?: never;
}

function setup({ model = {}, ...options }: Setup = {}) {
  const spec = mlpSpec.parse({ family: 'mlp', hidden_units: [8], activation: 'tanh', ...model });
  const schedule = constantSchedule(0.1);
  const training: Training = {
    network: mlpNetwork(spec, { inputs: features, outputs: 3 }),
    picker: rowPicker(rowOfFloats(features), softmaxCrossEntropy.targets),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'sgd', momentum: 0.9 }), schedule),
    schedule,
    batchSize: 12,
    seed: 3,
    ...options,
  };
  const names = stateNames(training);
  const weights = initialWeights(training.network, 3);
  const start: Tensors = {
    ...weights,
    optimizer: initialOptimizerState(training),
    averages: training.averageDecay === undefined ? [] : weights.parameters,
  };
  const run = async (state: Tensors, from: number, steps: number) => {
    const session = await onnxModelRuntime().load(writeModel(trainingLoopModel(training)), { threads: 1 });
    const feeds = batchFeeds(chunk, training, { from, steps, stepsDone: from });
    const results = await session.run({ ...feeds, ...stateFeeds(names, state) });
    await session.dispose();
    return { state: nextState(names, results), losses: Array.from(results.losses?.data ?? [], Number) };
  };
  return { training, start, run };
}

const numbersOf = (tensors: readonly Tensor[]) => tensors.flatMap(({ data }) => Array.from(data, Number));

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, place) => {
    expect(value).toBeCloseTo(expected[place] ?? Number.NaN, 5);
  });
}

describe('a step', () => {
  it.each([2, 4, 5])('of %i accumulated batches is that of one batch of all their rows', async (parts) => {
    const accumulated = setup({ batchSize: 12, accumulation: parts });
    const whole = setup({ batchSize: 12 * parts });
    const steps = Math.ceil(rows / (12 * parts));

    const inParts = await accumulated.run(accumulated.start, 0, steps);
    const atOnce = await whole.run(whole.start, 0, steps);

    expect(rowsPerStep(accumulated.training)).toBe(12 * parts);
    expectClose(inParts.losses, atOnce.losses);
    expectClose(numbersOf(inParts.state.parameters), numbersOf(atOnce.state.parameters));
  });

  // TensorFlow's ExponentialMovingAverage with num_updates
  it.each<[string, number, number, number[]]>([
    ['warmed up to a large decay', 0.999, 1, [1 / 10, 2 / 11, 3 / 12, 4 / 13]],
    ['warmed up over accumulated batches', 0.999, 2, [1 / 10, 2 / 11, 3 / 12, 4 / 13]],
    ['held at a small decay', 0.2, 1, [1 / 10, 2 / 11, 0.2, 0.2]],
  ])('keeps a moving average of the parameters: %s', async (_, averageDecay, accumulation, decays) => {
    const { start, run } = setup({ averageDecay, accumulation });
    let expected = numbersOf(start.parameters);

    let state = start;
    for (const [step, decay] of decays.entries()) {
      state = (await run(state, step, 1)).state;
      expected = numbersOf(state.parameters).map(
        (value, place) => (1 - decay) * value + decay * (expected[place] ?? Number.NaN),
      );
    }
    const atOnce = await run(start, 0, decays.length);

    expectClose(numbersOf(state.averages), expected);
    expect(atOnce.state).toEqual(state);
  });

  it.each<[string, Setup]>([
    ['dropout', { model: { dropout: 0.4 } }],
    ['dropout over accumulated batches', { model: { dropout: 0.4 }, accumulation: 2 }],
    [
      'noise and MixUp',
      { augmentation: augmentationOf({ noise: 0.5, mixup: 0.3 }, rowOfFloats(features), 5) },
    ],
    [
      'MixUp over accumulated batches',
      { augmentation: augmentationOf({ mixup: 0.3 }, rowOfFloats(features), 5), accumulation: 4 },
    ],
  ])('draws the same random numbers however steps are cut into calls: %s', async (_, options) => {
    const { start, run, training } = setup(options);
    const steps = rows / rowsPerStep(training);

    const atOnce = await run(start, 0, steps);
    const first = await run(start, 0, 1);
    const rest = await run(first.state, 1, steps - 1);

    expect(rest.state).toEqual(atOnce.state);
    expect([...first.losses, ...rest.losses]).toEqual(atOnce.losses);
  });

  it('draws other random numbers for another seed', async () => {
    const { start, run } = setup({ model: { dropout: 0.4 } });
    const { start: still, run: runStill } = setup({ model: { dropout: 0.4 }, seed: 4 });

    const { losses } = await run(start, 0, 1);
    const { losses: otherSeed } = await runStill(still, 0, 1);

    expect(losses).not.toEqual(otherSeed);
  });

  it('learns each parameter by its own factor of the learning rate', async () => {
    const { training, start, run } = setup();
    const slowed = {
      ...training.network,
      parameters: training.network.parameters.map((spec, index) =>
        index === 0 ? { ...spec, learningRateFactor: 0.25 } : spec,
      ),
    };
    const other = setup({ network: slowed });

    const whole = await run(start, 0, 1);
    const part = await other.run(other.start, 0, 1);

    const moved = (state: Tensors, index: number) =>
      numbersOf([state.parameters[index] ?? floats([0], [])]).map(
        (value, place) => value - (numbersOf([start.parameters[index] ?? floats([0], [])])[place] ?? 0),
      );
    expectClose(
      moved(part.state, 0),
      moved(whole.state, 0).map((step) => step / 4),
    );
    expect(moved(part.state, 1)).toEqual(moved(whole.state, 1));
  });
});
