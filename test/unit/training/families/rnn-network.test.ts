import { differentiate } from '../../../../jobs/autodiff/differentiate';
import { rnnNetwork } from '../../../../jobs/training/families/rnn-network';
import { sumOf } from '../../../../jobs/training/graph-math';
import { initialWeights } from '../../../../jobs/training/initial-weights';
import { forward, predict } from '../../../../jobs/training/network';
import { randomSource } from '../../../../jobs/training/random';
import { rnnSpec } from '../../../../shared/contracts/training/model-spec';
import { constant, floats, input, tensor } from '../../../../shared/onnx/build';
import { multiply } from '../../../../shared/onnx/expressions';
import type { Tensor } from '../../../../shared/onnx/ir';
import { runGraph } from '../../../support/run-graph';

const valuesPerStep = 2;
const statistics = { means: [0.1, -0.2], deviations: [1.5, 0.5] };

/** Sequences padded to a length, NaN behind their ends. */
function padded(sequences: readonly (readonly number[])[], length: number): Tensor {
  const values = new Float32Array(sequences.length * length * valuesPerStep).fill(Number.NaN);
  for (const [row, sequence] of sequences.entries()) values.set(sequence, row * length * valuesPerStep);
  return floats([sequences.length, length, valuesPerStep], values);
}

function networkOf(options: object, length: number) {
  const spec = rnnSpec.parse({ family: 'rnn', hidden_units: 3, ...options });
  return rnnNetwork(spec, { length, valuesPerStep, outputs: 2, statistics });
}

/** Predictions, and the gradients of the sum of their squares as training has them. */
async function answers(options: object, sequences: readonly (readonly number[])[], length: number) {
  const network = networkOf(options, length);
  const given = padded(sequences, length);
  const x = input('x', 'float', given.dims);
  const start = initialWeights(network, 5);
  const parameters = start.parameters.map((value) => constant(value));
  const random = randomSource(1, constant(tensor('int64', [], [0])));
  const { outputs } = forward(network, x, { weights: { parameters, statistics: [] }, random });
  const gradients = differentiate(sumOf(multiply(outputs, outputs)), parameters);
  const named = Object.fromEntries(gradients.map((value, index) => [`gradient_${index}`, value]));
  const predicted = predict(network, x, { parameters, statistics: [] });
  const results = await runGraph(new Map([[x, given]]), { predicted, ...named });
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]),
  );
}

/** Of lengths 1, 3 and 2. */
const sequences = [1, 3, 2].map((steps, row) =>
  Array.from({ length: steps * valuesPerStep }, (_, index) => 2 * Math.sin(7 * row + index + 1)),
);

const architectures = [
  { cell: 'lstm' },
  { cell: 'gru', layers: 2 },
  { cell: 'lstm', bidirectional: true },
  { cell: 'gru', bidirectional: true, layers: 2 },
] as const;

describe('recurrent networks', () => {
  it.each(architectures)(
    'neither predict nor learn anything from padding: $cell $layers $bidirectional',
    async (options) => {
      const tight = await answers(options, sequences, 3);
      const roomy = await answers(options, sequences, 5);

      for (const [name, values] of Object.entries(tight))
        expect(roomy[name]).toEqual(values.map((value) => expect.closeTo(value, 4)));
    },
  );

  it('read a sequence from both ends where it is bidirectional', async () => {
    const options = { bidirectional: true };
    const [early, late] = [
      [1, 1, 0, 0, 0, 0],
      [0, 0, 0, 0, 1, 1],
    ];

    const { predicted } = await answers(options, [early, late], 3);

    const [a = 0, b = 0, c = 0, d = 0] = predicted ?? [];
    expect(Math.abs(a - c) + Math.abs(b - d)).toBeGreaterThan(1e-3);
  });

  it('take a missing number for the mean', async () => {
    const [mean = 0] = statistics.means;

    const { predicted } = await answers(
      {},
      [
        [Number.NaN, 1, 0.5, 1],
        [mean, 1, 0.5, 1],
      ],
      2,
    );

    expect(predicted?.slice(0, 2)).toEqual(predicted?.slice(2).map((value) => expect.closeTo(value, 5)));
  });
});
