import { mlpNetwork } from '../../../../jobs/training/families/tabular';
import { initialWeights } from '../../../../jobs/training/initial-weights';
import { type Network, predict, type Weights } from '../../../../jobs/training/network';
import { mlpSpec } from '../../../../shared/contracts/training/model-spec';
import { BadSpecError } from '../../../../shared/errors/job-errors';
import { constant, floats, input } from '../../../../shared/onnx/build';
import { ingestRows, penguins } from '../../../support/penguins';
import { runGraph } from '../../../support/run-graph';
import { trainingJob } from '../../../support/train-on-rows';

const sizes = { inputs: 3, outputs: 2 };

const networkOf = (options: object): Network =>
  mlpNetwork(mlpSpec.parse({ family: 'mlp', ...options }), sizes);

/** Weights of a network by their names. */
const named = ({ parameters }: Network, weights: Weights) =>
  new Map(parameters.map(({ name }, index) => [name, weights.parameters[index] ?? floats([0], [])]));

async function answersOf(network: Network, weights: Weights) {
  const x = input('x', 'float', ['batch', sizes.inputs]);
  const rows = floats([2, sizes.inputs], [1, -2, 3, 0.5, 0.25, -1]);
  const y = predict(network, x, {
    parameters: weights.parameters.map((value) => constant(value)),
    statistics: weights.statistics.map((value) => constant(value)),
  });
  return Array.from((await runGraph(new Map([[x, rows]]), { y })).y?.data ?? [], Number);
}

const setup = (spec: object) =>
  trainingJob({ target: 'Species', batch_size: 16, ...spec }, (folder) => ingestRows(penguins(), folder));

describe('multi-layer perceptrons', () => {
  it('pass what they read on around a layer with a shortcut, and not without', async () => {
    const shallow = networkOf({ hidden_units: [4] });
    const start = initialWeights(shallow, 3);
    const silenced = (network: Network): Weights => {
      const kept = named(shallow, start);
      return {
        parameters: network.parameters.map(({ name, dims }) => {
          const count = dims.reduce((product, size) => product * size, 1);
          return kept.get(name) ?? floats(dims, new Float32Array(count));
        }),
        statistics: [],
      };
    };
    const [around, through] = [
      networkOf({ hidden_units: [4, 4], residual: true }),
      networkOf({ hidden_units: [4, 4] }),
    ];

    const answers = await Promise.all([
      answersOf(shallow, start),
      answersOf(around, silenced(around)),
      answersOf(through, silenced(through)),
    ]);

    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual([0, 0, 0, 0]);
  });

  it('have no shortcut around the first layer, which reads columns', async () => {
    const network = networkOf({ hidden_units: [sizes.inputs], residual: true });
    const start = initialWeights(network, 3);
    const silent = network.parameters.map(({ name, dims }, index) => {
      const count = dims.reduce((product, size) => product * size, 1);
      const drawn = start.parameters[index] ?? floats([0], []);
      return name.startsWith('hidden_') ? floats(dims, new Float32Array(count)) : drawn;
    });

    const answers = await answersOf(network, { parameters: silent, statistics: [] });

    expect(answers).toEqual([0, 0, 0, 0]);
  });

  it('keep running statistics of each normalised layer', () => {
    const { statistics } = networkOf({ hidden_units: [6, 4], batch_norm: true });

    expect(statistics.map(({ name, dims }) => [name, dims])).toEqual([
      ['hidden_0.norm.running_mean', [6]],
      ['hidden_0.norm.running_var', [6]],
      ['hidden_1.norm.running_mean', [4]],
      ['hidden_1.norm.running_var', [4]],
    ]);
  });

  it('learn penguins with shortcuts, normalisation and dropout, and are served as they were validated', async () => {
    const model = {
      family: 'mlp',
      hidden_units: [32, 32],
      residual: true,
      batch_norm: true,
      dropout: 0.1,
    };
    const job = await setup({ model });

    const { metrics, history } = await job.run();

    expect(metrics.test?.accuracy).toBeGreaterThan(0.93);
    expect(metrics.validation?.log_loss).toBeCloseTo(history.at(-1)?.metrics.validation_loss ?? 0, 5);
    await job.remove();
  });

  it('refuses to normalise over batches of one row', async () => {
    const job = await setup({ model: { family: 'mlp', batch_norm: true }, batch_size: 1 });

    const refused = job.run();

    await expect(refused).rejects.toThrow(BadSpecError);
    await expect(refused).rejects.toThrow('batch_norm needs batches of at least 2 rows');
    await job.remove();
  });
});
