import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../../jobs/datasets/session';
import { compress } from '../../../jobs/kinds/compress';
import { compressSpec } from '../../../shared/contracts/kinds/compress';
import type { ModelSignature } from '../../../shared/contracts/model';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { BadSpecError, InterruptedError } from '../../../shared/errors/job-errors';
import { constant, floats, input, int64s, operation, tensor } from '../../../shared/onnx/build';
import type { Model, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { readModel } from '../../../shared/onnx/read-model';
import { everyValue } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { type FolderJobContextOptions, folderJobContext } from '../../support/folder-job-context';

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
  /** Of the spec. */
  asked?: object;
  /** The test removes what it made itself. */
  kept?: boolean;
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

async function setup({
  model: given = sideModel(),
  asked = {},
  kept = false,
  testRows = true,
  source = trained,
}: Given = {}) {
  const path = join(folder, 'model.onnx');
  await writeFile(path, writeModel(given));
  const rows = testRows ? { test_rows: await writeTestRows() } : {};
  const context = await folderJobContext({ inputs: { model: path, ...rows }, model: source, threads: 1 });
  if (!kept) opened.push(context);
  const spec = compressSpec.parse({
    model: { name: 'sides' },
    methods: ['int8_dynamic'].map((name) => ({ name })),
    ...asked,
  });
  return {
    context,
    spec,
    async report() {
      return JSON.parse(Buffer.from(await context.output('report.json')).toString());
    },
  };
}

/** One that no held-out rows, and no data set, came with. */
const alone = { name: 'other', version: 1, lineage: {} };

describe('the compress job, where int8 keeps the contract', () => {
  let run: Awaited<ReturnType<typeof setup>>;
  let result: Awaited<ReturnType<typeof compress.run>>;
  beforeAll(async () => {
    run = await setup({ asked: { register: { name: 'small', alias: 'edge' } }, kept: true });
    result = await compress.run(run.spec, run.context);
  });
  afterAll(() => run.context.remove());

  it('registers a smaller model of the same signature, where the spec says', () => {
    expect(result).toMatchObject({
      type: 'model',
      register: { name: 'small', alias: 'edge' },
      model: 'model.onnx',
      signature,
      lineage: { ...trained.lineage, parent: { name: 'sides', version: 3 } },
      metrics: {
        test: { accuracy: expect.any(Number), rows: expect.any(Number) },
        compression: { chosen: { id: 'int8_dynamic' }, steps: [{ name: 'int8_dynamic' }] },
      },
    });
  });

  it('says what that cost', async () => {
    const { contract, original, candidates, chosen, layers } = await run.report();

    expect(contract).toMatchObject({ metric: 'accuracy', max_drop: 0.01, target: { cpu: 'any' } });
    expect(original.metric.value).toBeGreaterThan(0.95);
    expect(candidates.map(({ id }: { id: string }) => id)).toEqual(['clean_up', 'int8_dynamic']);
    const [, int8] = candidates;
    expect(int8.measured.bytes).toBe((await run.context.output('model.onnx')).byteLength);
    expect(int8.measured.bytes).toBeLessThan(original.bytes);
    expect(int8.measured.drop.value).toBeLessThanOrEqual(0.01);
    expect(int8.measured.drop.low).toBeLessThanOrEqual(int8.measured.drop.high);
    expect(int8.measured.lambda.usd_per_million).toBeGreaterThan(0);
    expect(int8.breaks).toEqual([]);
    expect(chosen.why).toMatch(/keep the contract/);
    const hidden = layers.find(({ layer }: { layer: string }) => layer === 'hidden');
    expect(hidden).toMatchObject({ bytes_before: 4096, relative_error: expect.any(Number) });
  });

  it('stores int8 weights in the file', async () => {
    const { graph } = readModel(await run.context.output('model.onnx'));

    const held = everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) =>
      value.kind === 'constant' && value.tensor.dims.length === 2 ? [value.tensor.elementType] : [],
    );
    expect(held).toContain('int8');
  });

  it('carries the held-out rows on, so that the next job can test on them too', async () => {
    const carried = Buffer.from(await run.context.output('test-rows.parquet'));

    expect(result).toMatchObject({ test_rows: 'test-rows.parquet' });
    expect(run.context.published.toSorted()).toEqual([
      'model.onnx',
      'report.html',
      'report.json',
      'test-rows.parquet',
    ]);
    expect(carried.subarray(0, 4).toString()).toBe('PAR1');
  });

  it('makes and measures the winner anew where an earlier attempt told of it', async () => {
    const { checkpoints } = run.context;
    const saved = await checkpoints.latest();
    const told = JSON.parse(Buffer.from(saved?.files['candidates.json'] ?? []).toString());
    told[0].report.measured.bytes = 100;
    const files = { 'candidates.json': Buffer.from(JSON.stringify(told)) };
    await checkpoints.save({ step: (saved?.step ?? 0) + 1, files });
    const second = await run.context.nextAttempt();

    const again = await compress.run(run.spec, second);

    const model = await second.output('model.onnx');
    const [, int8] = JSON.parse(Buffer.from(await second.output('report.json')).toString()).candidates;
    expect(again).toMatchObject({ type: 'model' });
    expect(model).toEqual(await run.context.output('model.onnx'));
    expect(int8.measured.bytes).toBe(model.byteLength);
  });
});

describe('the compress job', () => {
  it('keeps the original, and names the nearest miss, where nothing keeps the contract', async () => {
    const { context, spec, report } = await setup({ asked: { contract: { max_bytes: 100 } } });

    const result = await compress.run(spec, context);

    expect(result).toMatchObject({ type: 'model_kept', model: { name: 'sides', version: 3 } });
    expect(context.published).not.toContain('model.onnx');
    const { chosen, nearest_miss: nearest } = await report();
    expect(chosen).toEqual({
      id: 'original',
      why: expect.stringMatching(/^no candidate keeps the contract/),
    });
    expect(nearest).toEqual({ id: 'int8_dynamic', why: expect.stringMatching(/bytes, and 100 are allowed/) });
  });

  it('goes on where one candidate comes to nothing', async () => {
    const student = { family: 'cnn', preset: 'vgg' };
    const methods = [{ name: 'distill', student }, { name: 'int8_dynamic' }];
    const { context, spec, report } = await setup({ asked: { methods } });

    const result = await compress.run(spec, context);

    expect(result).toMatchObject({ type: 'model' });
    const [, failed, int8] = (await report()).candidates;
    expect(failed).toMatchObject({ id: 'distill_cnn', failed: expect.any(String) });
    expect(int8).toMatchObject({ id: 'int8_dynamic', measured: expect.anything() });
  });

  it('says what a step could not do, and takes no credit for it', async () => {
    const methods = [{ name: 'prune_heads' }, { name: 'int8_static', keep: ['hiden'] }];
    const { context, spec, report } = await setup({ asked: { methods } });

    await compress.run(spec, context);

    const { candidates, chosen } = await report();
    const [, heads, int8] = candidates;
    expect(chosen.id).toBe('clean_up');
    expect(heads.failed).toMatch(/prune_heads failed: .*attention heads/);
    expect(int8.failed).toMatch(
      /keep names 'hiden', which is no layer of the model; the most like it are 'hidden'/,
    );
  });

  it('compares with the original alone where the rows have no truth', async () => {
    const { target: _, task: __, classes: ___, ...untold } = signature;
    const source = { ...trained, signature: { ...untold, task: 'other' as const } };
    const { context, spec, report } = await setup({ source, asked: { contract: { metric: 'agreement' } } });

    const result = await compress.run(spec, context);

    expect(result).toMatchObject({ type: 'model' });
    expect(await report()).toMatchObject({
      contract: { metric: 'agreement' },
      original: { metric: { value: 1 } },
    });
  });

  it.each([
    {
      why: 'a model without any rows',
      given: { source: alone, testRows: false },
      words: /without held-out rows, and no dataset is given/,
    },
    {
      why: 'a metric of another task',
      given: { asked: { contract: { metric: 'rmse' } } },
      words: /the metric rmse is a metric of regression.*allow accuracy/,
    },
    {
      why: 'a truth that is not there',
      given: { asked: { contract: { metric: 'accuracy' }, target: 'nowhere' } },
      words: /the column 'nowhere' of the data set is not there/,
    },
  ])('refuses $why before it tries anything', async ({ given, words }) => {
    const { context, spec } = await setup(given);

    const run = compress.run(spec, context);

    await expect(run).rejects.toThrow(words);
    await expect(run).rejects.toBeInstanceOf(BadSpecError);
    expect(context.published).toEqual([]);
  });

  it('refuses a model that ends its process', async () => {
    const broken = sideModel();
    const [first, ...rest] = broken.graph.outputs;
    const packed = constant(tensor('int4', [2], new Uint8Array(1)), 'packed');
    const outputs = first ? [first, ...rest, { name: 'packed', value: operation('Identity', [packed]) }] : [];
    const { context, spec } = await setup({ model: { ...broken, graph: { ...broken.graph, outputs } } });

    const run = compress.run(spec, context);

    await expect(run).rejects.toThrow(/int4/);
    await expect(run).rejects.toBeInstanceOf(UnsuitableModelError);
  });

  it('refuses a model that the runtime has no kernel for, before it tries anything', async () => {
    const given = sideModel();
    const outputs = given.graph.outputs.map(({ name, value }) => ({
      name,
      value:
        name === 'label'
          ? value
          : operation('Turn', [value], {}, { domain: 'elsewhere', types: [value.type] }),
    }));
    const foreign = {
      ...given,
      opsets: { ...given.opsets, elsewhere: 1 },
      graph: { ...given.graph, outputs },
    };
    const { context, spec } = await setup({ model: foreign });

    const run = compress.run(spec, context);

    await expect(run).rejects.toThrow(/the model cannot be run, so there is nothing to compare with: .*Turn/);
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
