import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Job } from '../../shared/contracts/job';
import { modelVersion, predictAnswer, simplePredictAnswer } from '../../shared/contracts/model';
import { routes } from '../../shared/contracts/routes';
import { type ApiClient, apiClient } from './api-client';
import { startIngot } from './start-ingot';

const startedAt = performance.now();
const seconds = (since: number) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

async function step<T>(title: string, work: () => Promise<T>, tell: (result: T) => string): Promise<T> {
  const since = performance.now();
  process.stdout.write(`\n▸ ${title}\n`);
  const result = await work();
  process.stdout.write(`  ${tell(result).replaceAll('\n', '\n  ')}\n  (${seconds(since)})\n`);
  return result;
}

/** Palmer penguins as JSON lines: numbers, text and missing values. */
async function readPenguins() {
  const packageMain = createRequire(import.meta.url).resolve('vega-datasets');
  const file = join(dirname(packageMain), '../data/penguins.json');
  const rows = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(await readFile(file, 'utf8')));
  return { rows, bytes: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')) };
}

function succeeded(job: Job): Job {
  if (job.state !== 'succeeded')
    throw new Error(`the ${job.kind} job ${job.state}: ${JSON.stringify(job.error)}`);
  return job;
}

function tellProgress() {
  let told = '';
  return ({ state, progress }: Job) => {
    const loss = progress.metrics.validation_loss;
    const line = `${state} ${Math.round(progress.fraction * 100)} %${loss === undefined ? '' : `, validation loss ${loss.toFixed(4)}`}`;
    if (line !== told) process.stdout.write(`  ${line}\n`);
    told = line;
  };
}

const versionOf = (job: Job) => z.object({ name: z.string(), version: z.number() }).parse(job.output?.model);

async function readVersion(client: ApiClient, job: Job) {
  const { name, version } = versionOf(job);
  return client.call(modelVersion, 'GET', `/v1/models/${name}/versions/${version}`);
}

const splitMetrics = z.looseObject({ test: z.record(z.string(), z.unknown()) });
const testMetric = (version: z.infer<typeof modelVersion>, name: string) =>
  Number(splitMetrics.parse(version.metrics).test[name]);

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

type Penguins = Awaited<ReturnType<typeof readPenguins>>;

async function upload(client: ApiClient, { rows, bytes }: Penguins, home: string): Promise<string> {
  const dataset = await step(
    `upload ${rows.length} penguins (encrypted under ${home})`,
    () => client.uploadDataset('penguins', bytes),
    ({ id, rows: count, columns = [] }) =>
      `${id}: ${count} rows\n${table([['column', 'type', 'missing', 'distinct'], ...columns.map((c) => [c.name, c.type, String(c.missing), String(c.distinct)])])}`,
  );
  if (dataset.state !== 'ready')
    throw new Error(`the data set was rejected: ${JSON.stringify(dataset.errors)}`);
  return dataset.id;
}

/** One form under a contract: without `methods`, the job searches. */
const compression = (version: number) => ({
  model: { name: 'penguins', version },
  contract: { metric: 'accuracy', max_drop: 0.01 },
  methods: [{ name: 'int8_dynamic' }],
});

/** The model as trained, and as compressed. */
async function trainAndCompress(client: ApiClient, dataset: string) {
  const spec = {
    dataset,
    target: 'Species',
    seed: 7,
    epochs: 60,
    batch_size: 32,
    model: { family: 'mlp', hidden_units: [128, 64] },
    optimizer: { name: 'adamw', learning_rate: 0.003, weight_decay: 0.01 },
    early_stopping: { patience: 15 },
    register: { name: 'penguins', alias: 'production' },
  };
  const trained = await step(
    'train a classifier of the species (a queued job, in a process of its own)',
    async () => succeeded(await client.runJob('train', spec, tellProgress())),
    (job) => `${job.id} -> penguins v${versionOf(job).version}`,
  );
  const compressed = await step(
    'compress it to int8, at no more than a point of accuracy (a second job)',
    async () => succeeded(await client.runJob('compress', compression(versionOf(trained).version))),
    (job) => `${job.id} -> penguins v${versionOf(job).version}`,
  );
  return { before: await readVersion(client, trained), after: await readVersion(client, compressed) };
}

function tellVersions(versions: readonly z.infer<typeof modelVersion>[]): void {
  const columns = versions.map((version) => [
    `v${version.version}`,
    String(version.bytes),
    ...['accuracy', 'f1', 'roc_auc', 'log_loss'].map((name) => testMetric(version, name).toFixed(4)),
  ]);
  const told = table([['version', 'bytes', 'accuracy', 'F1', 'ROC-AUC', 'log loss'], ...columns]);
  process.stdout.write(`\n  ${told.replaceAll('\n', '\n  ')}\n`);
}

async function serve(client: ApiClient, { rows }: Penguins, version: number): Promise<void> {
  await step(
    'move production to the small model (one atomic write)',
    () =>
      client.call(routes['set-alias'].answer, 'PUT', '/v1/models/penguins/aliases/production', { version }),
    (alias) => `production -> v${alias.version}`,
  );
  const asked = [rows[0], rows[200], rows[300]].map((row) => row ?? {});
  const instances = asked.map(({ Species, ...features }) => features);
  await step(
    'ask for three predictions',
    () => client.call(predictAnswer, 'POST', '/v1/models/penguins/predict', { instances }),
    ({ predictions, model }) =>
      `${predictions.map((prediction, index) => `${String(asked[index]?.Species)}: ${JSON.stringify(prediction)}`).join('\n')}\nanswered by ${model.name} v${model.version}`,
  );
  await step(
    'and one in the simplest form there is',
    () =>
      client.call(simplePredictAnswer, 'POST', '/api/predict', { input: instances[0], model: 'penguins' }),
    (answer) => JSON.stringify(answer),
  );
}

async function walk(client: ApiClient, home: string): Promise<void> {
  const penguins = await readPenguins();
  const dataset = await upload(client, penguins, home);
  const { before, after } = await trainAndCompress(client, dataset);
  tellVersions([before, after]);
  await serve(client, penguins, after.version);
}

const home = await mkdtemp(join(tmpdir(), 'ingot-demo-'));
const ingot = await startIngot({ INGOT_HOME: home, INGOT_PORT: '0', INGOT_LOG_LEVEL: 'WARN' });
try {
  process.stdout.write(
    `Ingot runs whole on this machine at ${ingot.url} (ready after ${seconds(startedAt)})\n`,
  );
  await walk(apiClient(ingot.url, ingot.adminKey), home);
  process.stdout.write(`\nfrom a data set to a prediction in ${seconds(startedAt)}\n`);
} finally {
  await ingot.stop();
  await rm(home, { recursive: true, force: true });
}
