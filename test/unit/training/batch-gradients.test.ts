import { gradientsOf, type Objective } from '../../../jobs/training/batch-gradients';
import { linearNetwork } from '../../../jobs/training/families/tabular';
import { crossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { constantSchedule } from '../../../jobs/training/schedules';
import { parameterName } from '../../../jobs/training/training-step';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { constant, floats, input, scalar, tensor } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const network = linearNetwork({ inputs: 2, outputs: 2 });
const classWeights = [1, 3];

async function lossOf(batch: { targets: number[]; mixed?: { targets: number[]; fraction: number } }) {
  const objective: Objective = {
    network,
    loss: crossEntropy({ classWeights }),
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'sgd' }), constantSchedule(0.1)),
    seed: 1,
  };
  const parameters = network.parameters.map(({ name, dims }) => input(parameterName(name), 'float', dims));
  const [weight, bias] = parameters;
  if (!weight || !bias) throw new Error('a linear network has a weight and a bias');
  const labels = (values: number[]): Value => constant(tensor('int64', [values.length], values));
  const { targets, mixed } = batch;
  const { loss } = gradientsOf(
    {
      training: objective,
      state: { parameters, statistics: [], optimizer: [], averages: [] },
      batchNumber: constant(scalar(0, 'int64')),
    },
    {
      features: constant(floats([2, 2], [1, 0, 0, 1])),
      targets: labels(targets),
      weights: constant(floats([2], [1, 1])),
      ...(mixed
        ? { mixed: { targets: labels(mixed.targets), fraction: constant(scalar(mixed.fraction)) } }
        : {}),
    },
    'mean',
  );
  const given = new Map([
    [weight, floats([2, 2], [0.5, -0.5, 0.25, 1])],
    [bias, floats([2], [0, 0.1])],
  ]);
  const results = await runGraph(given, { loss });
  return Number(results.loss?.data[0]);
}

describe('the loss of a batch', () => {
  it('weighs a row by the class of its target', async () => {
    const [first, second] = [await lossOf({ targets: [0, 0] }), await lossOf({ targets: [1, 1] })];
    const both = await lossOf({ targets: [0, 1] });

    const log = (logits: number[], label: number) =>
      Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[label] ?? 0);
    const [a, b] = [log([0.5, -0.4], 0), log([0.25, 1.1], 1)];
    expect(first).toBeCloseTo((a + log([0.25, 1.1], 0)) / 2, 5);
    expect(second).toBeCloseTo((log([0.5, -0.4], 1) + b) / 2, 5);
    expect(both).toBeCloseTo((a + 3 * b) / 4, 5);
  });

  it('weighs a row that was mixed of two by the classes of both', async () => {
    const mixed = await lossOf({ targets: [0, 1], mixed: { targets: [1, 0], fraction: 0.7 } });

    const log = (logits: number[], label: number) =>
      Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[label] ?? 0);
    const own = log([0.5, -0.4], 0) + 3 * log([0.25, 1.1], 1);
    const other = 3 * log([0.5, -0.4], 1) + log([0.25, 1.1], 0);
    expect(mixed).toBeCloseTo((0.7 * own + 0.3 * other) / 4, 5);
  });
});
