import { BadSpecError } from '../../../../shared/errors/job-errors';
import { type Row as IngestedRow, ingestRows } from '../../../support/penguins';
import { trainingJob } from '../../../support/train-on-rows';

/** Sequences of 3 to 9 steps whose first and last number have the same sign, or not: no sum of the numbers tells. */
const sequences = Array.from({ length: 900 }, (_, index) => {
  const steps = 3 + (index % 7);
  const series = Array.from({ length: steps }, (_, step) =>
    Number(Math.sin(12.9898 * (index + 1) + 78.233 * (step + 1) * ((index % 97) + 1)).toFixed(3)),
  );
  return { ends: Number(series[0]) > 0 === Number(series.at(-1)) > 0 ? 'same' : 'other', series };
});
type Row = (typeof sequences)[number];

const recurrent = { family: 'rnn', hidden_units: 24 };

const setup = (spec: object, row: (sequence: Row) => IngestedRow = (sequence) => sequence) =>
  trainingJob(
    {
      target: 'ends',
      optimizer: { name: 'adam', learning_rate: 0.01 },
      epochs: 25,
      batch_size: 32,
      ...spec,
    },
    (folder) => ingestRows(sequences.map(row), folder),
  );

describe('training a recurrent network on lists of different lengths', () => {
  it.each([
    { cell: 'lstm', bidirectional: false },
    { cell: 'gru', bidirectional: true },
  ])('learns with $cell what no linear model could, and serves lists of any length', async (options) => {
    const job = await setup({ model: { ...recurrent, ...options } });

    const { metrics, history, signature, predict } = await job.run();
    const predictions = await predict([
      { series: [0.9, -0.5, 0.8] },
      { series: [0.9, 0.1, -0.1, 0.2, 0.1, 0.3, -0.8] },
      { series: [0.9, -0.5, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9, -0.9, -0.9] },
      { series: [0.9, -0.5, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9] },
    ]);

    expect(metrics.test?.accuracy).toBeGreaterThan(0.85);
    expect(metrics.validation?.log_loss).toBeCloseTo(history.at(-1)?.metrics.validation_loss ?? 0, 5);
    expect(signature.inputs).toEqual([
      { name: 'series', type: 'number', element_type: 'float', shape: [9], padding: null },
    ]);
    expect(predictions.slice(0, 2)).toMatchObject([{ label: 'same' }, { label: 'other' }]);
    expect(predictions[2]).toEqual(predictions[3]);
    await job.remove();
  });

  it('cuts what is longer than asked for, and says so', async () => {
    const job = await setup({ model: { ...recurrent, maximum_length: 4 }, epochs: 1 });

    const { signature } = await job.run();

    expect(signature.inputs).toMatchObject([{ shape: [4] }]);
    expect(job.context.logs).toContainEqual({
      level: 'warn',
      message: "sequences of 'series' are cut to their first 4 steps; the longest has 9",
    });
    await job.remove();
  });

  it('reads several values a step', async () => {
    const job = await setup(
      { model: { ...recurrent, values_per_step: 3 }, epochs: 1 },
      ({ ends, series }) => ({
        ends,
        series: series.flatMap((value) => [value, value * value, 1]),
      }),
    );

    const { signature, predict } = await job.run();
    const [flat, nested] = await predict([
      { series: [0.5, 0.25, 1, -0.5, 0.25, 1] },
      {
        series: [
          [0.5, 0.25, 1],
          [-0.5, 0.25, 1],
        ],
      },
    ]);

    expect(signature.inputs).toMatchObject([{ shape: [9, 3] }]);
    expect(flat).toEqual(nested);
    await job.remove();
  });

  it.each([
    {
      what: 'a table without lists',
      model: recurrent,
      row: ({ ends, series }: Row) => ({ ends, first: series[0] ?? null }),
      says: "the family rnn reads a column of lists of numbers, and the features have none: they are 'first' (number)",
    },
    {
      what: 'steps of a size that the lists do not have',
      model: { ...recurrent, values_per_step: 4 },
      says: "the longest list of 'series' has 9 numbers, which are no whole steps of 4",
    },
  ])('refuses $what', async ({ model, row, says }) => {
    const job = await setup({ model }, row);

    const refused = job.run();

    await expect(refused).rejects.toThrow(BadSpecError);
    await expect(refused).rejects.toThrow(says);
    await job.remove();
  });

  it('refuses a row without a list, by its place in the data set', async () => {
    const job = await setup({ model: recurrent }, (row) => {
      const place = sequences.indexOf(row);
      if (place === 3) return { ...row, ends: null };
      return place === 41 || place === 42 || place === 43 ? { ...row, series: null } : row;
    });

    await expect(job.run()).rejects.toThrow(
      /the column 'series' has no list in row 4[234]; leave such rows out/,
    );

    await job.remove();
  });
});
