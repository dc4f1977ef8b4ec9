import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Job } from '../../shared/contracts/job';
import { jobOutput } from '../../shared/contracts/job-output';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';

type Row = Record<string, string | number | null>;

const penguins = JSON.parse(
  readFileSync(join(dirname(require.resolve('vega-datasets')), '../data/penguins.json'), 'utf8'),
) as Row[];
const jsonLines = (rows: readonly Row[]) => Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));

const trainSpec = (dataset: string, name: string) => ({
  dataset,
  target: 'Species',
  seed: 7,
  epochs: 40,
  batch_size: 32,
  optimizer: { name: 'adamw', learning_rate: 0.003, weight_decay: 0.01 },
  register: { name, alias: 'production' },
});

const versionSeen = z.looseObject({
  bytes: z.number(),
  sha256: z.string(),
  metrics: z.looseObject({ test: z.looseObject({ accuracy: z.number() }) }),
  signature: z.looseObject({ classes: z.array(z.string()) }),
});

const outputsSeen = z.object({ data: z.array(jobOutput) });

describe('from a data set to a prediction', () => {
  let home: string;
  let server: IngotServer;

  beforeAll(async () => {
    home = await temporaryHome();
    server = await startServer(home);
  });
  afterAll(async () => {
    await server.stop();
    await removeHome(home);
  });

  const readVersion = async (version: number, name = 'penguins') =>
    versionSeen.parse((await server.client.send('GET', `/v1/models/${name}/versions/${version}`)).body);
  let datasetId: string;
  let trained: Job;
  let compressed: Job;

  it('reads, types and profiles an upload', async () => {
    const dataset = await server.client.uploadDataset('penguins', jsonLines(penguins));

    datasetId = dataset.id;
    expect(dataset.state).toBe('ready');
    expect(dataset.rows).toBe(penguins.length);
    const bill = dataset.columns?.find(({ name }) => name === 'Beak Length (mm)');
    expect(bill).toMatchObject({
      type: 'number',
      missing: penguins.filter((row) => row['Beak Length (mm)'] === null).length,
    });
    expect(bill?.quantiles?.p50).toBeGreaterThan(bill?.min ?? Number.POSITIVE_INFINITY);
  });

  it('keeps nothing readable on disk', async () => {
    const names = await readdir(home, { recursive: true });

    let files = 0;
    for (const name of names) {
      // folders and sockets cannot be read, and what the living server has removed meanwhile is not there
      const bytes = await readFile(join(home, name)).catch(() => undefined);
      if (bytes === undefined) continue;
      files += 1;
      for (const secret of ['Torgersen', 'Gentoo', 'Beak Length']) expect(bytes.includes(secret)).toBe(false);
    }

    expect(files).toBeGreaterThan(3);
  });

  it('trains, and says how it goes meanwhile', async () => {
    const states = new Set<string>();

    trained = await server.client.runJob('train', trainSpec(datasetId, 'penguins'), ({ state }) =>
      states.add(state),
    );

    expect(trained.error).toBeUndefined();
    expect(trained.state).toBe('succeeded');
    expect(states.has('running')).toBe(true);
    expect(trained.output?.model).toEqual({ name: 'penguins', version: 1 });
    expect(trained.progress.fraction).toBe(1);
    expect(trained.transitions.map(({ state }) => state)).toEqual([
      'queued',
      'dispatched',
      'starting',
      'running',
      'succeeded',
    ]);
  });

  it('registers the version with its signature, metrics and lineage', async () => {
    const { body } = await server.client.send('GET', '/v1/models/penguins/versions/1');

    expect(body).toMatchObject({ state: 'ready', lineage: { dataset: datasetId, job: trained.id } });
    const { metrics, signature } = versionSeen.parse(body);
    expect(metrics.test.accuracy).toBeGreaterThanOrEqual(0.97);
    expect(signature.classes).toEqual(['Adelie', 'Chinstrap', 'Gentoo']);
  });

  it('gives the files of the training to whoever asks with a key of the tenant, whole', async () => {
    const { data } = await server.client.call(outputsSeen, 'GET', `/v1/jobs/${trained.id}/outputs`);

    const answers = await Promise.all(data.map(({ download: { url } }) => fetch(url)));

    const files = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
    const digests = files.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
    const report = files[data.findIndex(({ name }) => name === 'report.html')]?.toString() ?? '';
    expect(data.map(({ name }) => name)).toEqual([
      'model.onnx',
      'report.html',
      'report.json',
      'test_rows.parquet',
    ]);
    expect(digests).toEqual(data.map(({ sha256 }) => sha256));
    expect(report).toMatch(/^<!doctype html>[\s\S]*Confusion matrix of the test rows[\s\S]*Gentoo/);
    expect(answers.map(({ headers }) => headers.get('content-disposition')?.slice(0, 10))).toEqual(
      data.map(() => 'attachment'),
    );
  });

  it('compresses the model to a smaller next version without losing accuracy', async () => {
    compressed = await server.client.runJob('compress', {
      model: { name: 'penguins', version: 1 },
      contract: { max_drop: 0.03 },
      methods: [{ name: 'int8_dynamic' }],
    });

    expect(compressed.error).toBeUndefined();
    expect(compressed.output?.model).toEqual({ name: 'penguins', version: 2 });
    const [one, two] = [await readVersion(1), await readVersion(2)];
    expect(two.bytes).toBeLessThan(one.bytes);
    expect(two.metrics.test.accuracy).toBeGreaterThanOrEqual(one.metrics.test.accuracy - 0.03);
  });

  it('moves traffic by one write, and back', async () => {
    const served = async () => {
      const { Species, ...instance } = penguins[0] ?? {};
      const { body } = await server.client.send('POST', '/v1/models/penguins/predict', {
        instances: [instance],
      });
      return (body as { model: { version: number } }).model.version;
    };
    const before = await served();

    const moved = await server.client.send('PUT', '/v1/models/penguins/aliases/production', { version: 2 });

    expect(before).toBe(1);
    expect(moved.status).toBe(200);
    // the alias is cached for a few seconds at most
    const deadline = Date.now() + 10_000;
    while ((await served()) !== 2 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await served()).toBe(2);
  });

  it('predicts the species that the penguins have', async () => {
    const asked = penguins.filter((row) => row['Beak Length (mm)'] !== null);
    const instances = asked.map(({ Species, ...instance }) => instance);

    const { body } = await server.client.send('POST', '/v1/models/penguins/predict?version=1', { instances });

    const { predictions } = body as { predictions: { label: string }[] };
    const right = predictions.filter(({ label }, index) => label === asked[index]?.Species).length;
    expect(right / asked.length).toBeGreaterThan(0.97);
  });

  it('answers the same through the simplest form and through the Open Inference Protocol', async () => {
    const { Species, ...input } = penguins[250] ?? {};

    const simple = await server.client.send('POST', '/api/predict', { input, model: 'penguins' });
    const metadata = await server.client.send('GET', '/v2/models/penguins');
    const ready = await server.client.send('GET', '/v2/models/penguins/ready');
    const { inputs } = metadata.body as { inputs: { name: string; datatype: string; shape: number[] }[] };
    const inferred = await server.client.send('POST', '/v2/models/penguins/infer', {
      inputs: inputs.map(({ name, datatype, shape }) => ({
        name,
        datatype,
        shape: shape.map((size) => (size < 0 ? 1 : size)),
        data: [input[name]],
      })),
    });

    expect((simple.body as { prediction: { label: string } }).prediction.label).toBe(Species);
    expect(ready.status).toBe(200);
    expect(inferred.status).toBe(200);
    expect(JSON.stringify(inferred.body)).toContain(`"${Species}"`);
  });

  it('tells the whole story of a job as server-sent events, and resumes it', async () => {
    const headers = {
      authorization: `Bearer ${'admin-key-for-the-tests-0123456789'}`,
      accept: 'text/event-stream',
    };
    const read = async (after?: string) =>
      (
        await fetch(`${server.url}/v1/jobs/${trained.id}/events`, {
          headers: { ...headers, ...(after ? { 'last-event-id': after } : {}) },
        })
      ).text();

    const whole = await read();
    const ids = [...whole.matchAll(/^id: ?(\d+)$/gm)].map(([, id]) => Number(id));
    const rest = await read(String(ids[2]));

    expect(ids).toEqual(ids.map((_, index) => index + 1));
    expect(whole).toContain('succeeded');
    expect([...rest.matchAll(/^id: ?(\d+)$/gm)].map(([, id]) => Number(id))).toEqual(ids.slice(3));
  });

  it('gives the same bytes for the same spec and data', async () => {
    const again = await server.client.runJob('train', trainSpec(datasetId, 'penguins-again'));
    const digest = async (name: string) => (await readVersion(1, name)).sha256;
    expect(again.state).toBe('succeeded');
    expect(await digest('penguins-again')).toBe(await digest('penguins'));
  });
});
