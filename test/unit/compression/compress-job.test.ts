import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../../jobs/datasets/session';
import { compress } from '../../../jobs/kinds/compress';
import { compressSpec } from '../../../shared/contracts/kinds/compress';
import type { ModelSignature } from '../../../shared/contracts/model';
import { BadSpecError, InterruptedError } from '../../../shared/errors/job-errors';
import { constant, floats, input, int64s, operation, tensor } from '../../../shared/onnx/build';
import type { Model, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { readModel } from '../../../shared/onnx/read-model';
import { everyValue } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { type FolderJobContextOptions, folderJobContext } from '../../support/folder-job-context';
import { mlpOf, randomLayers } from '../../support/random-mlp';

const opened: { remove(): Promise<void> }[] = [];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-compress-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(opened.splice(0).map((context) => context.remove()));
});

const columns = Array.from({ length: 16 }, (_, at) => `x${at}`);

const signature: ModelSignature = {
  task: 'classification',
  inputs: columns.map((name) => ({ name, type: 'number', element_type: 'float', shape: [], nullable: true })),
  outputs: [
    { name: 'label', type: 'string', element_type: 'string', shape: [] },
    { name: 'probabilities', type: 'number', element_type: 'float', shape: [2] },
  ],
  target: 'side',
  classes: ['left', 'right'],
};

const asColumn = (value: Value) => operation('Unsqueeze', [value, constant(int64s([1]))]);

/** Left or right by the sign of the sum of its columns, by way of a hidden layer that is large enough to compress. */
function sideModel(hidden = 64): Model {
  const inputs = columns.map((name) => input(name, 'float', ['batch']));
  const features = operation('Concat', inputs.map(asColumn), { axis: { type: 'int', value: 1 } });
  const first = Float32Array.from(
    { length: 16 * hidden },
    (_, at) => (at % 2 === 0 ? 1 : -1) * (0.5 + (at % 7) / 10),
  );
  const second = Float32Array.from(
    { length: hidden * 2 },
    (_, at) => (Math.floor(at / 2) % 2 === at % 2 ? -1 : 1) / hidden,
  );
  const weights = constant(floats([16, hidden], first), 'hidden');
  const activated = operation('Relu', [operation('MatMul', [features, weights])]);
  const scores = operation('MatMul', [activated, constant(floats([hidden, 2], second), 'output')]);
  const winner = operation('ArgMax', [scores], {
    axis: { type: 'int', value: 1 },
    keepdims: { type: 'int', value: 0 },
  });
  const names = constant(tensor('string', [2], ['left', 'right']));
  return model({
    graph: {
      name: 'side',
      inputs,
      outputs: [
        { name: 'label', value: operation('Gather', [names, winner]) },
        { name: 'probabilities', value: operation('Softmax', [scores], { axis: { type: 'int', value: 1 } }) },
      ],
    },
  });
}

async function writeTestRows(): Promise<string> {
  const path = join(folder, 'held-out.parquet');
  const session = await openSession({ scratch: folder });
  const values = columns.map((name, at) => `sin(row * ${at + 1} * 12.9898) AS ${name}`);
  const rows = `(SELECT ${values.join(', ')} FROM range(1, 401) AS numbers(row))`;
  const sum = columns.join(' + ');
  const labelled = `SELECT *, CASE WHEN ${sum} > 0 THEN 'right' ELSE 'left' END AS side FROM ${rows} WHERE abs(${sum}) > 0.2`;
  await session.run(`COPY (${labelled}) TO '${path}' (FORMAT parquet)`);
  await session.close();
  return path;
}

interface Given {
  model?: Model;
  testRows?: boolean;
  source?: NonNullable<FolderJobContextOptions['model']>;
}

const trained = {
  name: 'sides',
  version: 3,
  signature,
  lineage: {
    dataset: 'ds_01J00000000000000000000000',
    split: { seed: 1, validation_fraction: 0.1, test_fraction: 0.2 },
  },
};

async function setup({ model: given = sideModel(), testRows = true, source = trained }: Given = {}) {
  const path = join(folder, 'model.onnx');
  await writeFile(path, writeModel(given));
  const rows = testRows ? { test_rows: await writeTestRows() } : {};
  const context = await folderJobContext({ inputs: { model: path, ...rows }, model: source, threads: 1 });
  opened.push(context);
  const spec = compressSpec.parse({ model: { name: 'sides' } });
  return {
    context,
    spec,
    async report() {
      return JSON.parse(Buffer.from(await context.output('report.json')).toString());
    },
  };
}

describe('the compress job', () => {
  it('makes a smaller model of the same signature, and says what that cost', async () => {
    const { context, spec, report } = await setup();

    const result = await compress.run(spec, context);

    expect(result).toMatchObject({
      type: 'model',
      register: { name: 'sides' },
      model: 'model.onnx',
      signature,
      lineage: { ...trained.lineage, parent: { name: 'sides', version: 3 } },
      metrics: {
        test: { accuracy: expect.any(Number), rows: expect.any(Number) },
        compression: { passes: ['int8_dynamic'], file: { ratio: expect.any(Number) } },
      },
    });
    const { file, weights, layers, quality, latency_milliseconds, notes } = await report();
    expect(file.bytes_after).toBe((await context.output('model.onnx')).byteLength);
    expect(file.ratio).toBeLessThan(1);
    expect(weights).toEqual({ bytes_before: 4096, bytes_after: 1280, ratio: 1280 / 4096 });
    expect(layers).toEqual([
      { layer: 'hidden', operator: 'MatMul', shape: [16, 64], bytes_before: 4096, bytes_after: 1280 },
      {
        layer: 'output',
        operator: 'MatMul',
        shape: [64, 2],
        bytes_before: 512,
        bytes_after: 512,
        kept: expect.stringMatching(/too few/),
      },
    ]);
    expect(quality.before.accuracy).toBeGreaterThan(0.95);
    expect(quality.accuracy_loss_points).toBeLessThanOrEqual(0.5);
    expect(quality.accuracy_loss_points).toBeCloseTo(
      (quality.before.accuracy - quality.after.accuracy) * 100,
    );
    expect(latency_milliseconds.single_row.before).toBeGreaterThan(0);
    expect(latency_milliseconds.batch).toMatchObject({ rows: 256, after: expect.any(Number) });
    expect(notes).toEqual([]);
  });

  it('stores int8 weights in the file', async () => {
    const { context, spec } = await setup();

    await compress.run(spec, context);

    const { graph } = readModel(await context.output('model.onnx'));
    const held = everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) =>
      value.kind === 'constant' && value.tensor.dims.length === 2 ? [value.tensor.elementType] : [],
    );
    expect(held.sort()).toEqual(['float', 'int8']);
  });

  it('carries the held-out rows on, so that the next job can test on them too', async () => {
    const { context, spec } = await setup();

    const result = await compress.run(spec, context);

    expect(result).toMatchObject({ test_rows: 'test-rows.parquet' });
    expect(context.published).toEqual(['model.onnx', 'report.json', 'test-rows.parquet']);
    const carried = Buffer.from(await context.output('test-rows.parquet'));
    expect(carried.subarray(0, 4).toString()).toBe('PAR1');
  });

  it('says so where there are no rows to measure quality on', async () => {
    const { context, spec, report } = await setup({ testRows: false });

    const result = await compress.run(spec, context);

    expect(result).not.toHaveProperty('test_rows');
    expect(await report()).toMatchObject({
      notes: ['the model came without held-out rows, so its quality was not measured'],
    });
    expect(await report()).not.toHaveProperty('quality');
  });

  it('compresses a model that was imported without a signature', async () => {
    const { context, spec, report } = await setup({
      model: mlpOf(randomLayers([20, 40, 3])),
      testRows: false,
      source: { name: 'other', version: 1, lineage: {} },
    });

    const result = await compress.run(spec, context);

    expect(result).toMatchObject({ register: { name: 'other' }, signature: { task: 'other' } });
    expect(await report()).toHaveProperty('latency_milliseconds');
  });

  it('registers where the spec says', async () => {
    const { context, spec } = await setup();

    const result = await compress.run({ ...spec, register: { name: 'small', alias: 'edge' } }, context);

    expect(result).toMatchObject({ register: { name: 'small', alias: 'edge' } });
  });

  it('fails with the reasons where no layer gains', async () => {
    const { context, spec } = await setup({ model: mlpOf(randomLayers([6, 4, 2])), testRows: false });

    const run = compress.run(spec, context);

    await expect(run).rejects.toThrow(
      "no layer of the model gains by this compression: 'weight_0': 24 weights are too few to gain: under 512; 'weight_1'",
    );
    expect(context.published).toEqual([]);
  });

  it('fails as interrupted where it is told to stop', async () => {
    const { context, spec } = await setup();
    context.stop();

    const run = compress.run(spec, context);

    await expect(run).rejects.toBeInstanceOf(InterruptedError);
    expect(context.published).toEqual([]);
  });

  it('refuses an order without a model', async () => {
    const { context, spec } = await setup();
    const { model: _, ...without } = context;

    const run = compress.run(spec, { ...without, model: undefined });

    await expect(run).rejects.toBeInstanceOf(BadSpecError);
  });
});
