import { train } from '../../../jobs/kinds/train';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { jobManifest } from '../../../shared/contracts/events';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { floats, tensor } from '../../../shared/onnx/build';
import { type FolderJobContext, folderJobContext } from '../../support/folder-job-context';
import { ingestRows, penguins } from '../../support/penguins';

interface Epoch {
  readonly training_loss: number;
  readonly learning_rate: number;
}

/** One row says '.' of its sex. */
const rows = penguins().filter(({ Sex }) => Sex !== '.');

/** The same file for every case: none of them changes it. */
let data: { folder: FolderJobContext; path: string };

beforeAll(async () => {
  const folder = await folderJobContext();
  data = { folder, path: await ingestRows(rows, folder.folder) };
});
afterAll(() => data.folder.remove());

async function setup(spec: object) {
  const context = await folderJobContext({ inputs: { data: data.path } });
  const parsed = trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target: 'Species',
    seed: 7,
    batch_size: 16,
    epochs: 6,
    model: { family: 'mlp', hidden_units: [16] },
    register: { name: 'penguins' },
    ...spec,
  });
  const run = () => train.run(parsed, context);
  return { context, run, remove: context.remove };
}

async function trained(spec: object) {
  const { context, run, remove } = await setup(spec);
  const result = jobManifest.shape.result.parse(await run());
  if (result.type !== 'model') throw new Error(`the job ended with ${result.type}`);
  const report = JSON.parse(new TextDecoder().decode(await context.output('report.json')));
  const history: Epoch[] = report.training.history;
  return { context, result, history, model: await context.output('model.onnx'), remove };
}

/** One penguin, as a caller would send it. */
async function predicted(model: Uint8Array, leftOut: string) {
  const columns: Record<string, string | number> = {
    Species: 'Gentoo',
    Island: 'Biscoe',
    'Beak Length (mm)': 48,
    'Beak Depth (mm)': 15,
    'Flipper Length (mm)': 220,
    'Body Mass (g)': 5200,
    Sex: 'MALE',
  };
  const feeds = Object.entries(columns).flatMap(([name, value]) =>
    name === leftOut
      ? []
      : [[name, typeof value === 'string' ? tensor('string', [1], [value]) : floats([1], [value])] as const],
  );
  const session = await onnxModelRuntime().load(model, { threads: 1 });
  try {
    return await session.run(Object.fromEntries(feeds));
  } finally {
    await session.dispose();
  }
}

const falls = (history: readonly Epoch[], part: number) =>
  (history.at(-1)?.training_loss ?? Number.NaN) < part * (history[0]?.training_loss ?? Number.NaN);

describe('a train spec', () => {
  it.each<[string, object]>([
    ['sgd', { optimizer: { name: 'sgd', learning_rate: 0.1, momentum: 0.9, nesterov: true, l1: 1e-4 } }],
    ['adam', { optimizer: { name: 'adam', learning_rate: 0.01, weight_decay: 1e-3 } }],
    ['adamw', { optimizer: { name: 'adamw', learning_rate: 0.01, decay_exclude: ['output.*'] } }],
    ['adagrad', { optimizer: { name: 'adagrad', learning_rate: 0.05 } }],
    ['rmsprop', { optimizer: { name: 'rmsprop', learning_rate: 0.005, momentum: 0.5, centered: true } }],
    ['lion', { optimizer: { name: 'lion', learning_rate: 0.003, weight_decay: 0.1 } }],
    ['lamb', { optimizer: { name: 'lamb', learning_rate: 0.02, weight_decay: 0.01 } }],
    [
      'a constant rate',
      {
        schedule: { name: 'constant', warmup_fraction: 0.1 },
        optimizer: { name: 'adam', learning_rate: 0.01 },
      },
    ],
    ['a rate in steps', { schedule: { name: 'step' }, optimizer: { name: 'adam', learning_rate: 0.02 } }],
    ['a linear rate', { schedule: { name: 'linear' }, optimizer: { name: 'adam', learning_rate: 0.02 } }],
    ['one cycle', { schedule: { name: 'one_cycle' }, optimizer: { name: 'adam', learning_rate: 0.02 } }],
    [
      'clipped gradients',
      { clipping: { value: 0.5, global_norm: 1 }, optimizer: { name: 'adam', learning_rate: 0.02 } },
    ],
    [
      'smoothed labels',
      {
        loss: { name: 'cross_entropy', label_smoothing: 0.05 },
        optimizer: { name: 'adam', learning_rate: 0.02 },
      },
    ],
    [
      'balanced classes',
      {
        loss: { name: 'cross_entropy', class_weights: 'balanced' },
        optimizer: { name: 'adam', learning_rate: 0.02 },
      },
    ],
    [
      'weights by class',
      {
        loss: { name: 'cross_entropy', class_weights: { Gentoo: 2 } },
        optimizer: { name: 'adam', learning_rate: 0.02 },
      },
    ],
    ['mixed precision', { precision: 'mixed', optimizer: { name: 'adam', learning_rate: 0.02 } }],
    [
      'mixed precision, accumulated',
      {
        precision: 'mixed',
        accumulation: 2,
        batch_size: 8,
        average_decay: 0.5,
        optimizer: { name: 'adam', learning_rate: 0.02 },
      },
    ],
  ])('learns species with %s, and what it exports predicts', async (_, spec) => {
    const { history, model, result, remove } = await trained(spec);

    const { label, probabilities } = await predicted(model, 'Species');

    expect(falls(history, 0.6)).toBe(true);
    expect(result.metrics).toMatchObject({ test: { accuracy: expect.any(Number) } });
    expect(label?.data).toEqual(['Gentoo']);
    expect(probabilities?.dims).toEqual([1, 3]);
    await remove();
  });

  it.each<[string, object]>([
    ['the squared error', { loss: { name: 'mean_squared_error' } }],
    ['the absolute error', { loss: { name: 'mean_absolute_error' } }],
    ['Huber', { loss: { name: 'huber', delta: 0.5 } }],
  ])('learns the body mass by %s', async (_, spec) => {
    const { history, model, result, remove } = await trained({
      target: 'Body Mass (g)',
      optimizer: { name: 'adam', learning_rate: 0.02 },
      ...spec,
    });

    const { prediction } = await predicted(model, 'Body Mass (g)');

    expect(falls(history, 0.75)).toBe(true);
    expect(result.metrics).toMatchObject({ test: { r2: expect.any(Number) } });
    expect(Number(prediction?.data[0])).toBeGreaterThan(4500);
    await remove();
  });

  it.each<[string, object, number, number]>([
    ['within an epoch', { epochs: 6, steps: 4 }, 4, 1],
    ['behind the epochs', { epochs: 1, steps: 40 }, 40, 3],
  ])(
    'takes as many steps as are asked for, and its schedule spans them: %s',
    async (_, spec, steps, epochs) => {
      const { history, context, remove } = await trained({
        ...spec,
        schedule: { name: 'linear', warmup_fraction: 0, final_fraction: 0 },
        optimizer: { name: 'adam', learning_rate: 0.01 },
      });

      expect(context.progress.findLast(({ step }) => step !== undefined)).toMatchObject({ step: steps });
      expect(history).toHaveLength(epochs);
      expect(history.at(-1)?.learning_rate).toBeCloseTo(0.01 / steps, 6);
      await remove();
    },
  );

  it('accumulates no more batches than the rows make, and says so', async () => {
    const many = await trained({ epochs: 2, accumulation: 1000 });
    const all = await trained({ epochs: 2, accumulation: 16 });

    expect(many.history.map(({ training_loss }) => training_loss)).toEqual(
      all.history.map(({ training_loss }) => training_loss),
    );
    expect(many.context.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^accumulation is 16 instead of 1000: /),
    );
    expect(all.context.logs.map(({ message }) => message).join()).not.toContain('accumulation');
    await many.remove();
    await all.remove();
  });

  it('learns one of two classes with one logit, and answers with both probabilities', async () => {
    const { history, model, result, context, remove } = await trained({
      target: 'Sex',
      loss: { name: 'binary_cross_entropy', positive_weight: 1.5 },
      optimizer: { name: 'adam', learning_rate: 0.02 },
      features: { exclude: ['Island'] },
      epochs: 10,
    });

    const session = await onnxModelRuntime().load(model, { threads: 1 });
    const { label, probabilities } = await session.run({
      Species: tensor('string', [2], ['Gentoo', 'Adelie']),
      'Beak Length (mm)': floats([2], [50, 36]),
      'Beak Depth (mm)': floats([2], [16, 17]),
      'Flipper Length (mm)': floats([2], [225, 185]),
      'Body Mass (g)': floats([2], [5600, 3300]),
    });
    await session.dispose();

    expect(falls(history, 0.8)).toBe(true);
    expect(result.signature?.classes).toHaveLength(2);
    expect(label?.data).toEqual(['MALE', 'FEMALE']);
    const [a = 0, b = 0, c = 0, d = 0] = Array.from(probabilities?.data ?? [], Number);
    expect(a + b).toBeCloseTo(1, 6);
    expect(b).toBeGreaterThan(0.5);
    expect(c).toBeGreaterThan(d);
    expect(result.metrics).toMatchObject({
      test: { accuracy: expect.any(Number), roc_auc: expect.any(Number) },
    });
    expect(context.progress.at(-1)?.metrics.validation_accuracy).toBeGreaterThan(0.7);
    await remove();
  });

  it('says that mixed precision gains nothing on a CPU', async () => {
    const { context, remove } = await trained({ precision: 'mixed', epochs: 1 });

    expect(context.logs).toContainEqual({
      level: 'warn',
      message: expect.stringContaining("'mixed' gains nothing"),
    });
    await remove();
  });

  it.each<[string, object, RegExp]>([
    [
      'a loss of numbers for classes',
      { loss: { name: 'huber' } },
      /'huber' is a loss of a regression, and this is a classification/,
    ],
    [
      'one logit for three classes',
      { loss: { name: 'binary_cross_entropy' } },
      /tells two classes apart, and the target has 3/,
    ],
    [
      'the weight of an unknown class',
      { loss: { name: 'cross_entropy', class_weights: { Emperor: 2 } } },
      /'Emperor' is not a class of the target; its classes are 'Adelie', 'Chinstrap', 'Gentoo'/,
    ],
  ])('refuses %s before the first step', async (_, spec, message) => {
    const { run, context, remove } = await setup(spec);

    const failed = run();

    await expect(failed).rejects.toThrow(BadSpecError);
    await expect(failed).rejects.toThrow(message);
    expect(context.published).toEqual([]);
    await remove();
  });
});
