import { openTable } from '../../../jobs/datasets/open-table';
import type { Checkpoint } from '../../../jobs/kinds/job-kind';
import { train } from '../../../jobs/kinds/train';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { jobManifest } from '../../../shared/contracts/events';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import { BadSpecError, InterruptedError, UnusableDataError } from '../../../shared/errors/job-errors';
import { floats, tensor } from '../../../shared/onnx/build';
import { folderJobContext } from '../../support/folder-job-context';
import { ingestRows, penguins, type Row } from '../../support/penguins';

const dataset = 'ds_01J00000000000000000000000';

interface Setup {
  rows?: Row[];
  testRows?: Row[];
  spec?: object;
  onCheckpoint?: (checkpoint: Checkpoint) => void;
}

async function setup({ rows = penguins(), testRows, spec = {}, onCheckpoint }: Setup = {}) {
  const data = await folderJobContext();
  const inputs = {
    data: await ingestRows(rows, data.folder),
    ...(testRows ? { test_data: await ingestRows(testRows, data.folder, 'test') } : {}),
  };
  const parsed = trainSpec.parse({
    dataset,
    ...(testRows ? { test_dataset: dataset } : {}),
    target: 'Species',
    seed: 7,
    batch_size: 16,
    register: { name: 'penguins' },
    ...spec,
  });
  const context = await folderJobContext({ inputs, ...(onCheckpoint ? { onCheckpoint } : {}) });
  const run = (at = context) => train.run(parsed, at);
  const remove = () => Promise.all([data.remove(), context.remove()]);
  return { context, run, remove };
}

type Measured = Record<string, Record<string, number>>;

async function trained(options: Setup) {
  const { context, run, remove } = await setup(options);
  const result = jobManifest.shape.result.parse(await run());
  if (result.type !== 'model') throw new Error(`the job ended with ${result.type}`);
  const model = await context.output('model.onnx');
  const report = JSON.parse(new TextDecoder().decode(await context.output('report.json')));
  return { context, result, metrics: result.metrics as Measured, model, report, remove };
}

describe('train', () => {
  it('learns the species of penguins from columns of mixed types with missing values', async () => {
    const { result, metrics, context, remove } = await trained({});

    expect(metrics.test?.accuracy).toBeGreaterThanOrEqual(0.97);
    expect(metrics.validation?.roc_auc).toBeGreaterThan(0.99);
    expect(Object.keys(metrics)).toEqual(['train', 'validation', 'test']);
    expect(result.lineage).toEqual({
      dataset,
      split: {
        seed: expect.any(Number),
        validation_fraction: expect.any(Number),
        test_fraction: expect.any(Number),
      },
    });
    expect(result.register).toEqual({ name: 'penguins' });
    expect(context.published).toEqual(['model.onnx', 'report.json', 'report.html', 'test_rows.parquet']);
    expect(context.progress.at(-1)).toMatchObject({
      fraction: 1,
      metrics: { validation_accuracy: expect.any(Number) },
    });
    await remove();
  });

  it('leaves a page with a section for everything that is known, and curves in the report alone', async () => {
    const { context, report, metrics, remove } = await trained({ spec: { epochs: 2 } });

    const page = new TextDecoder().decode(await context.output('report.html'));

    const headings = [...page.matchAll(/<h2>([^<]*)<\/h2>/g)].map(([, heading]) => heading);
    expect(headings).toEqual([
      'Results',
      'Loss',
      'Validation accuracy',
      'Learning rate',
      'Throughput',
      'Confusion matrix of the test rows',
      'Classes of the test rows',
      'ROC curves of the test rows',
      'Precision and recall of the test rows',
      'Reliability of the test rows',
      'Columns',
      'Settings',
    ]);
    expect(report.metrics.test.roc_curves).toHaveLength(3);
    expect(metrics.test).not.toHaveProperty('roc_curves');
    await remove();
  });

  it('tells what the model takes and gives', async () => {
    const { result, remove } = await trained({ spec: { epochs: 1 } });

    expect(result.signature).toEqual({
      task: 'classification',
      target: 'Species',
      classes: ['Adelie', 'Chinstrap', 'Gentoo'],
      inputs: [
        { name: 'Island', type: 'string', element_type: 'string', shape: [], nullable: true },
        { name: 'Beak Length (mm)', type: 'number', element_type: 'float', shape: [], nullable: true },
        { name: 'Beak Depth (mm)', type: 'number', element_type: 'float', shape: [], nullable: true },
        { name: 'Flipper Length (mm)', type: 'number', element_type: 'float', shape: [], nullable: true },
        { name: 'Body Mass (g)', type: 'number', element_type: 'float', shape: [], nullable: true },
        { name: 'Sex', type: 'string', element_type: 'string', shape: [], nullable: true },
      ],
      outputs: [
        { name: 'label', type: 'string', element_type: 'string', shape: [] },
        { name: 'probabilities', type: 'number', element_type: 'float', shape: [3] },
      ],
    });
    await remove();
  });

  it('exports a model that answers for raw rows, also for what it never saw and what is missing', async () => {
    const { model, remove } = await trained({});
    const session = await onnxModelRuntime().load(model);

    const { label, probabilities } = await session.run({
      Island: tensor('string', [3], ['Torgersen', 'Atlantis', '']),
      'Beak Length (mm)': floats([3], [39.1, 47.5, Number.NaN]),
      'Beak Depth (mm)': floats([3], [18.7, 14.2, Number.NaN]),
      'Flipper Length (mm)': floats([3], [181, 209, Number.NaN]),
      'Body Mass (g)': floats([3], [3750, 4600, Number.NaN]),
      Sex: tensor('string', [3], ['MALE', 'FEMALE', '']),
    });

    expect(label?.data).toEqual(['Adelie', 'Gentoo', expect.any(String)]);
    expect(probabilities?.dims).toEqual([3, 3]);
    for (let row = 0; row < 3; row++) {
      const sum = Array.from(probabilities?.data ?? [], Number)
        .slice(3 * row, 3 * row + 3)
        .reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
    await remove();
  });

  it('validates by the exported model as it did while it trained', async () => {
    const { report, metrics, remove } = await trained({});

    const last = report.training.history.at(-1);
    expect(metrics.validation?.log_loss).toBeCloseTo(last.metrics.validation_loss, 6);
    expect(metrics.validation?.accuracy).toBe(last.metrics.validation_accuracy);
    await remove();
  });

  it('gives the same bytes for the same spec and data, and others for another seed', async () => {
    const [one, again, other] = await Promise.all([trained({}), trained({}), trained({ spec: { seed: 8 } })]);

    expect(Buffer.compare(one.model, again.model)).toBe(0);
    expect(Buffer.compare(one.model, other.model)).not.toBe(0);
    await Promise.all([one.remove(), again.remove(), other.remove()]);
  });

  it('gives the same bytes when it is stopped and goes on as when it was never stopped', async () => {
    const spec = { early_stopping: { patience: 20 } };
    const whole = await trained({ spec });
    let saved = 0;
    const stopped = await setup({ spec, onCheckpoint: () => ++saved === 5 && stopped.context.stop() });

    await expect(stopped.run()).rejects.toThrow(InterruptedError);
    const next = await stopped.context.nextAttempt();
    await stopped.run(next);

    expect(Buffer.compare(await next.output('model.onnx'), whole.model)).toBe(0);
    expect(next.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/going on from the checkpoint/),
    );
    await Promise.all([whole.remove(), stopped.remove()]);
  });

  it('predicts numbers in their own unit', async () => {
    const { metrics, result, remove } = await trained({ spec: { target: 'Body Mass (g)', epochs: 60 } });

    expect(result.signature).toMatchObject({
      task: 'regression',
      outputs: [{ name: 'prediction', shape: [] }],
    });
    expect(metrics.test?.r2).toBeGreaterThan(0.75);
    expect(metrics.test?.rmse).toBeLessThan(420);
    await remove();
  });

  it('keeps the rows that it tested on, target and all', async () => {
    const { context, metrics, remove } = await trained({ spec: { epochs: 1 } });

    const table = await openTable({
      data: context.outputs.path('test_rows.parquet'),
      scratch: context.scratch,
    });

    expect(table.rows).toBe(metrics.test?.rows);
    expect(table.columns.map(({ name }) => name)).toContain('Species');
    await table.close();
    await remove();
  });

  it('tests on all rows of another data set where one is given', async () => {
    const rows = penguins();
    const [testRows, others] = [
      rows.filter((_, index) => index % 4 === 0),
      rows.filter((_, index) => index % 4 > 0),
    ];

    const { metrics, remove } = await trained({ rows: others, testRows });

    expect(metrics.test?.rows).toBe(testRows.length);
    expect((metrics.train?.rows ?? 0) + (metrics.validation?.rows ?? 0)).toBe(others.length);
    expect(metrics.test?.accuracy).toBeGreaterThanOrEqual(0.95);
    await remove();
  });

  it('leaves rows to test on out where their class is in none of the data, and says so', async () => {
    const testRows = penguins().map((row, index) => (index < 3 ? { ...row, Species: 'Emperor' } : row));

    const { metrics, context, remove } = await trained({ testRows, spec: { epochs: 1 } });

    expect(metrics.test?.rows).toBe(testRows.length - 3);
    expect(context.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^3 rows to test on are left out/),
    );
    await remove();
  });

  it('says which columns it does not use, and why', async () => {
    const rows = penguins().map((row, index) => ({ ...row, planet: 'Earth', id: `penguin ${index}` }));

    const { context, report, remove } = await trained({ rows, spec: { epochs: 1 } });

    const messages = context.logs.map(({ message }) => message).join('\n');
    expect(messages).toMatch(/column 'planet' is not used: it is constant/);
    expect(messages).toMatch(/column 'id' is not used: it reads like an id/);
    expect(report.columns.unused.map(({ name }: { name: string }) => name)).toEqual(['planet', 'id']);
    await remove();
  });

  it('learns labels of two whole numbers, and of truth values', async () => {
    const rows = penguins().map(({ Species, ...row }) => ({
      ...row,
      gentoo: Species === 'Gentoo',
      code: Species === 'Gentoo' ? 1 : 0,
    }));

    const numbers = await trained({
      rows,
      spec: { target: 'code', features: { exclude: ['gentoo'] }, epochs: 5 },
    });
    const truths = await trained({
      rows,
      spec: { target: 'gentoo', features: { exclude: ['code'] }, epochs: 5 },
    });

    expect(numbers.result.signature).toMatchObject({
      classes: [0, 1],
      outputs: [{ element_type: 'int64' }, {}],
    });
    expect(truths.result.signature).toMatchObject({
      classes: [false, true],
      outputs: [{ element_type: 'bool' }, {}],
    });
    expect(truths.metrics.test?.accuracy).toBeGreaterThan(0.9);
    await Promise.all([numbers.remove(), truths.remove()]);
  });

  it('learns from columns whatever their names, and leaves out those of numbers that it could not hold', async () => {
    const rows = penguins().map(({ Island = null, Species = null, ...row }, index) => ({
      features: Island,
      label: row['Body Mass (g)'] ?? null,
      'hidden_0.weight': row['Beak Depth (mm)'] ?? null,
      huge: 1e300 * Math.sin(index),
      Species,
    }));

    const { metrics, result, context, remove } = await trained({ rows, spec: { epochs: 10 } });

    expect(metrics.test?.accuracy).toBeGreaterThan(0.8);
    expect(result.signature.outputs.map(({ name }) => name)).toEqual(['label_', 'probabilities']);
    expect(context.logs.map(({ message }) => message).join()).toMatch(
      /column 'huge' is not used: its values reach beyond/,
    );
    await remove();
  });

  it('tests on rows that have no value at all in a column of numbers', async () => {
    const testRows = penguins().map((row) => ({ ...row, 'Body Mass (g)': null }));

    const { metrics, remove } = await trained({ testRows, spec: { epochs: 10 } });

    expect(metrics.test).toMatchObject({ rows: 344, accuracy: expect.any(Number) });
    await remove();
  });

  it('says of a rare class how rare it is, also under strong weight decay', async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => ({
      x: Math.sin(index),
      y: index % 100 === 0 ? 'rare' : 'common',
    }));
    const spec = {
      target: 'y',
      model: { family: 'linear' },
      optimizer: { name: 'adamw', learning_rate: 0.05, weight_decay: 0.3 },
      epochs: 10,
      batch_size: 128,
      validation_fraction: 0,
      test_fraction: 0,
    };

    const { metrics, remove } = await trained({ rows, spec });

    // the entropy of one in a hundred is 0.056
    expect(metrics.train?.log_loss).toBeLessThan(0.065);
    await remove();
  });

  it('stops while it measures, too', async () => {
    const { context, run, remove } = await setup({ spec: { epochs: 1 } });
    const publish = async (name: string, bytes?: Uint8Array) => {
      await context.outputs.publish(name, bytes);
      context.stop();
    };

    const running = run({ ...context, outputs: { ...context.outputs, publish } });

    await expect(running).rejects.toThrow(InterruptedError);
    expect(context.published).toEqual(['model.onnx']);
    await remove();
  });

  it.each<[string, Setup, typeof BadSpecError | typeof UnusableDataError, RegExp]>([
    [
      'a target that is no column',
      { spec: { target: 'species' } },
      BadSpecError,
      /'species' is not a column.*'Species'/,
    ],
    [
      'a constant target',
      { rows: penguins().map((row) => ({ ...row, Species: 'Adelie' })) },
      UnusableDataError,
      /same value in all/,
    ],
    [
      'data of which no column can be learned from',
      { rows: penguins().map(({ Species = null }) => ({ Species, planet: 'Earth' })) },
      UnusableDataError,
      /no column can be learned from: 'planet': it is constant/,
    ],
    [
      'test data without a column that the model needs',
      { testRows: penguins().map(({ Island, ...row }) => row) },
      BadSpecError,
      /the test data set lacks columns that the model needs: 'Island'/,
    ],
    [
      'test data none of whose classes the model learns',
      { testRows: penguins().map((row) => ({ ...row, Species: `${row.Species}.` })) },
      UnusableDataError,
      /none of its classes, as 'Adelie.', .* is one of those that the model learns, as 'Adelie'/,
    ],
    [
      'test data with text where the model reads numbers',
      { testRows: penguins().map((row) => ({ ...row, 'Body Mass (g)': 'heavy' })) },
      BadSpecError,
      /its column 'Body Mass \(g\)' is of type text, where the model reads numbers/,
    ],
    ...[
      ['near to each other for its size', 1e12, 1e3] as const,
      ['larger than float32 holds', 0, 1e300] as const,
      ['smaller than float32 holds', 0, 1e-50] as const,
    ].map(([what, offset, scale]): [string, Setup, typeof UnusableDataError, RegExp] => [
      `a target whose numbers are ${what}`,
      {
        rows: penguins().map((row, index) => ({ ...row, mass: offset + scale * Math.sin(index) })),
        spec: { target: 'mass', task: 'regression' },
      },
      UnusableDataError,
      /the target 'mass' has mean .* which 32-bit floats cannot tell apart/,
    ]),
  ])('refuses %s', async (_, options, errorClass, message) => {
    const { run, remove } = await setup(options);

    const running = run();

    await expect(running).rejects.toThrow(errorClass);
    await expect(running).rejects.toThrow(message);
    await remove();
  });
});
