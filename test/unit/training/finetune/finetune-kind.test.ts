import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { train } from '../../../../jobs/kinds/train';
import { jobManifest } from '../../../../shared/contracts/events';
import { trainSpec } from '../../../../shared/contracts/kinds/train';
import type { ModelLineage, ModelSignature } from '../../../../shared/contracts/model';
import { modelSpec } from '../../../../shared/contracts/training/model-spec';
import { BadSpecError } from '../../../../shared/errors/job-errors';
import { constant, floats, input, operation } from '../../../../shared/onnx/build';
import type { Model } from '../../../../shared/onnx/ir';
import { model as aModel } from '../../../../shared/onnx/model';
import { readModel } from '../../../../shared/onnx/read-model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { type FolderJobContext, folderJobContext } from '../../../support/folder-job-context';
import { ingestRows, penguins, type Row } from '../../../support/penguins';
import { smallNetwork, smallRecords } from '../../../support/small-network';

const accuracyOf = ({ metrics }: { metrics: Record<string, unknown> }): number =>
  z.object({ test: z.object({ accuracy: z.number() }) }).parse(metrics).test.accuracy;

const dataset = 'ds_01J00000000000000000000000';

interface Given {
  readonly rows: readonly Row[];
  readonly target: string;
  readonly model: Uint8Array;
  readonly signature?: ModelSignature;
  readonly finetune?: object;
  readonly spec?: object;
  /** Of the version that is gone on with. */
  readonly lineage?: ModelLineage;
}

async function setup({ rows, target, model, signature, finetune = {}, spec = {}, lineage = {} }: Given) {
  const folder = await folderJobContext();
  const base = join(folder.folder, 'base.onnx');
  await writeFile(base, model);
  const context = await folderJobContext({
    inputs: { data: await ingestRows(rows, folder.folder), base },
    models: { base: { name: 'base', version: 4, lineage, ...(signature ? { signature } : {}) } },
  });
  const parsed = trainSpec.parse({
    dataset,
    target,
    epochs: 3,
    seed: 7,
    batch_size: 16,
    register: { name: 'finetuned' },
    ...spec,
    model: { family: 'finetune', from: { name: 'base' }, ...finetune },
  });
  const run = async (at: FolderJobContext = context) => {
    const result = jobManifest.shape.result.parse(await train.run(parsed, at));
    if (result.type !== 'model') throw new Error(`the job ended with ${result.type}`);
    return result;
  };
  const remove = () => Promise.all([folder.remove(), context.remove()]);
  return { context, run, remove };
}

const imageJob = (model: Model, more: Partial<Given> = {}): Given => ({
  rows: smallRecords(300),
  target: 'side',
  model: writeModel(model),
  ...more,
});

/** An imported network over two numbers, such as scikit-learn's exporters write. */
const twoNumbers = (): Model => {
  const rows = input('X', 'float', [undefined, 2]);
  const weights = constant(floats([2, 4], [0.1, -0.1, 0.2, 0.1, -0.2, 0.2, 0.1, 0.1]), 'coefficients');
  const hidden = operation('Tanh', [operation('MatMul', [rows, weights])]);
  const last = operation('MatMul', [hidden, constant(floats([4, 1], [1, 1, 1, 1]), 'last')]);
  return aModel({ graph: { name: 'two', inputs: [rows], outputs: [{ name: 'y', value: last }] } });
};

/** An imported network over a token and a number, side by side. */
const tokenAndNumber = (): Model => {
  const token = input('token', 'int64', [undefined]);
  const size = input('size', 'float', [undefined, 1]);
  const vectors = constant(floats([3, 2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), 'vectors');
  const weights = constant(floats([1, 2], [0.1, -0.1]), 'weights');
  const summed = operation('Add', [
    operation('Gather', [vectors, token]),
    operation('MatMul', [size, weights]),
  ]);
  const last = operation('MatMul', [operation('Tanh', [summed]), constant(floats([2, 1], [1, 1]), 'last')]);
  return aModel({ graph: { name: 'both', inputs: [token, size], outputs: [{ name: 'y', value: last }] } });
};

/** Counts the rows that went through models which give out features: the part that is run ahead of training. */
function counted(context: FolderJobContext) {
  const counts = { rows: 0 };
  const spied: FolderJobContext = {
    ...context,
    runtime: {
      ...context.runtime,
      load: async (bytes, options) => {
        const session = await context.runtime.load(bytes, options);
        if (!session.outputs.some(({ name }) => name === 'features')) return session;
        return {
          ...session,
          dispose: () => session.dispose(),
          run: async (feeds) => {
            const results = await session.run(feeds);
            counts.rows += results.features?.dims[0] ?? 0;
            return results;
          },
        };
      },
    },
  };
  return { counts, spied };
}

describe('train with the family finetune', () => {
  it('goes on from a table model of its own, raw columns in, and names the parent', async () => {
    const rows = penguins();
    const first = await setup({ rows, target: 'Species', model: new Uint8Array() });
    const { model: _, ...rest } = trainSpec.parse({
      dataset,
      target: 'Species',
      epochs: 6,
      batch_size: 16,
      register: { name: 'p' },
    });
    const before = await train.run({ ...rest, model: modelSpec.parse({ family: 'mlp' }) }, first.context);
    if (before.type !== 'model') throw new Error('no model');
    const { context, run, remove } = await setup({
      rows,
      target: 'Species',
      model: await first.context.output('model.onnx'),
      signature: before.signature,
      finetune: { freeze: ['hidden_0.*'] },
      spec: { optimizer: { name: 'adam', learning_rate: 0.01 } },
    });

    const result = await run();

    expect(result.lineage).toMatchObject({ dataset, parent: { name: 'base', version: 4 } });
    expect(result.signature.inputs).toEqual(before.signature.inputs);
    expect(accuracyOf(result)).toBeGreaterThan(0.9);
    expect(context.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        /^2 of the model's 4 weights are trained, 2 stay as they are; 1 frozen layers are run once/,
      ),
    );
    await Promise.all([first.remove(), remove()]);
  });

  it('reads a list column into the only input of an imported model, and answers for lists', async () => {
    const { context, run, remove } = await setup(
      imageJob(smallNetwork(), { spec: { epochs: 20, optimizer: { name: 'adam', learning_rate: 0.03 } } }),
    );

    const { signature, metrics } = await run();

    expect(signature.inputs).toEqual([
      { name: 'pixels', type: 'number', element_type: 'float', shape: [16] },
    ]);
    expect(signature.classes).toEqual(['even', 'left', 'right']);
    expect(accuracyOf({ metrics })).toBeGreaterThan(0.6);
    const exported = readModel(await context.output('model.onnx'));
    expect(exported.graph.inputs.map(({ name }) => name)).toEqual(['pixels']);
    await remove();
  });

  it('runs frozen layers once per row, whatever the epochs', async () => {
    const { context, run, remove } = await setup(
      imageJob(smallNetwork(), { finetune: { freeze: ['conv.*'] } }),
    );
    const { counts, spied } = counted(context);

    await run(spied);

    const told = context.logs.find(({ message }) => /rows to train on/.test(message))?.message;
    const [train = 0, validation = 0] = told?.match(/\d+/g)?.map(Number) ?? [];
    expect(counts.rows).toBe(train + validation);
    await remove();
  });

  it('reads columns of numbers side by side, missing ones as their medians', async () => {
    const rows = penguins().map((row) => ({
      Species: row.Species ?? null,
      a: row['Beak Length (mm)'] ?? null,
      b: row['Beak Depth (mm)'] ?? null,
    }));
    const { run, remove } = await setup({
      rows,
      target: 'Species',
      model: writeModel(twoNumbers()),
      spec: { epochs: 10, optimizer: { name: 'adam', learning_rate: 0.03 } },
    });

    const { signature, metrics } = await run();

    expect(signature.inputs.map(({ name, shape, nullable }) => [name, shape, nullable])).toEqual([
      ['a', [], true],
      ['b', [], true],
    ]);
    expect(accuracyOf({ metrics })).toBeGreaterThan(0.6);
    await remove();
  });

  const split = { seed: 3, validation_fraction: 0.2, test_fraction: 0.3 };
  const warnings = ({ logs }: FolderJobContext) =>
    logs.filter(({ level }) => level === 'warn').map(({ message }) => message);

  it('tests on none of the rows that the parent learned from the same data set, whatever its own seed', async () => {
    const first = await setup(imageJob(smallNetwork(), { spec: { ...split, epochs: 1 } }));
    const { lineage } = await first.run();
    const { context, run, remove } = await setup(
      imageJob(smallNetwork(), { lineage, spec: { epochs: 1, seed: 8, test_fraction: 0.1 } }),
    );

    const result = await run();

    const [parents, own] = await Promise.all(
      [first.context, context].map((at) => at.output('test_rows.parquet')),
    );
    expect(own).toEqual(parents);
    expect([lineage.split, result.lineage.split]).toEqual([split, split]);
    expect(warnings(context)).toContainEqual(
      expect.stringMatching(
        /split as for base version 4, .* by seed 3, .* in place of seed 8, validation_fraction 0.15, test_fraction 0.1/,
      ),
    );
    await Promise.all([first.remove(), remove()]);
  });

  it.each<[string, ModelLineage, RegExp[]]>([
    ['the parent learned other data', { dataset: 'ds_01J00000000000000000000009', split }, []],
    ['the parent was split so too', { dataset, split: { ...split, seed: 7 } }, []],
    [
      'nobody knows how the parent was split',
      { dataset },
      [/how base version 4 split the data set is not known/],
    ],
    ['nobody knows what the parent learned', {}, [/what base version 4 was trained on is not known/]],
  ])('splits as its spec says where %s', async (_, lineage, expected) => {
    const { context, run, remove } = await setup(
      imageJob(smallNetwork(), { lineage, spec: { ...split, seed: 7, epochs: 1 } }),
    );

    const result = await run();

    expect(result.lineage.split).toEqual({ ...split, seed: 7 });
    expect(warnings(context)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    await remove();
  });

  it.each<[string, Partial<Given>, RegExp]>([
    [
      'lists of another length than the model reads, naming both',
      { rows: smallRecords(60).map((row) => ({ ...row, pixels: row.pixels.slice(1) })) },
      /the column 'pixels' \(numbers\) does not fit the model's input 'image' float\[1, 4, 4\]: its lists have 15 numbers, where the model reads 16/,
    ],
    [
      'lists of several lengths',
      { rows: smallRecords(60).map((row, at) => ({ ...row, pixels: row.pixels.slice(at % 2) })) },
      /its lists have from 15 to 16 numbers, and must be of one length/,
    ],
    [
      'columns that no input is fed from',
      { rows: smallRecords(60).map(({ side }, at) => ({ side, a: at, b: `t${at % 3}` })) },
      /the model reads 'image' float\[1, 4, 4\], and the features are 'a' \(integer\), 'b' \(text\)/,
    ],
    [
      'to change rows at random that have token ids among their numbers',
      {
        model: writeModel(tokenAndNumber()),
        rows: smallRecords(60).map(({ side }, at) => ({ side, token: at % 3, size: at / 7 })),
        spec: { augmentation: { mixup: 0.2 } },
      },
      /mixup changes numbers, and the rows are token ids/,
    ],
    [
      'to add noise where no deviation is known',
      {
        model: writeModel(twoNumbers()),
        rows: smallRecords(60).map(({ side }, at) => ({ side, a: at / 3, b: at / 7 })),
        spec: { augmentation: { noise: 0.2 } },
      },
      /noise is in deviations of the rows/,
    ],
  ])('refuses %s', async (_, more, message) => {
    const { run, remove } = await setup(imageJob(smallNetwork(), more));

    await expect(run()).rejects.toThrow(BadSpecError);
    await expect(run()).rejects.toThrow(message);
    await remove();
  });
});
