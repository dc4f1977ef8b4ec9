import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { predictModelHandler } from '../../functions/http/predict-model';
import { apiClient } from '../../infra/local/api-client';
import { createdKey } from '../../shared/contracts/keys';
import { modelVersion } from '../../shared/contracts/model';
import { readModel } from '../../shared/onnx/read-model';
import { compileEncoder } from '../../shared/predictions/encode-instances';
import { idempotencyStore } from '../../shared/stores/idempotency-store';
import { anApiEvent } from '../support/api-event';
import { openEmbeddedStores } from '../support/embedded-stores';
import { predictApi } from '../support/predict-api';
import { type Bench, median, type Row, withGoal } from './row';
import { startChildServer } from './support/child-server';
import { type LoadClient, openLoadClient } from './support/load-client';
import { readPenguins, type TrainedForBench, trainForBench } from './support/trained-model';

const connections = 8;
const rounds = 7;
const roundMilliseconds = 1_500;
const warmUpMilliseconds = 3_000;
const handlerCalls = 4_000;
const adminKey = 'admin-key-for-the-bench-0123456789';

const spec = { target: 'Species', epochs: 40, seed: 1, model: { family: 'mlp', hidden_units: [64, 32] } };

async function penguinsForBench() {
  const { rows, bytes } = await readPenguins();
  const trained = await trainForBench(bytes, 'jsonl', spec);
  const names = trained.signature.inputs.map(({ name }) => name);
  const [row = {}] = rows;
  return { trained, instance: Object.fromEntries(names.map((name) => [name, row[name] ?? null])) };
}

/** Ingot as `npm start` runs it, with the model imported and a tenant's key. */
async function startIngotServer(home: string, { bytes, signature }: TrainedForBench) {
  const server = await startChildServer('infra/local/main.ts', [], {
    INGOT_HOME: home,
    INGOT_PORT: '0',
    INGOT_ADMIN_KEY: adminKey,
    INGOT_LOG_LEVEL: 'WARN',
  });
  const { secret } = await apiClient(server.url, adminKey).call(createdKey, 'POST', '/v1/keys', {
    tenant: 'bench',
    scopes: ['predict', 'models'],
  });
  const client = apiClient(server.url, secret);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const announced = { name: 'penguins', bytes: bytes.length, sha256, signature };
  const { upload } = await client.call(modelVersion, 'POST', '/v1/models', announced);
  if (upload === undefined) throw new Error('the import came without an upload');
  await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: Buffer.from(bytes) });
  await client.call(modelVersion, 'POST', '/v1/models/penguins/versions/1/complete');
  for (;;) {
    const { state, errors } = await client.call(modelVersion, 'GET', '/v1/models/penguins/versions/1');
    if (state === 'ready') return { ...server, secret };
    if (state === 'rejected') throw new Error(`the import was refused: ${JSON.stringify(errors)}`);
    await sleep(100);
  }
}

const perSecond = async (client: LoadClient): Promise<number> => {
  const { answers, seconds } = await client.run(roundMilliseconds);
  return answers / seconds;
};

/** The servers take turns, so that what the machine does beside weighs on both alike. */
async function throughput(trained: TrainedForBench, instance: Record<string, unknown>): Promise<Row> {
  const home = await mkdtemp(join(tmpdir(), 'ingot-bench-'));
  const ingot = await startIngotServer(home, trained);
  const bare = await startChildServer('test/bench/bare-server.ts', [trained.modelPath]);
  const body = JSON.stringify({ instances: [instance] });
  const common = { body, connections };
  const authorization = `Bearer ${ingot.secret}`;
  const clients = {
    ingot: await openLoadClient({
      ...common,
      url: ingot.url,
      path: '/v1/models/penguins/predict',
      headers: { authorization },
    }),
    bare: await openLoadClient({ ...common, url: bare.url, path: '/', headers: {} }),
  };
  for (const client of Object.values(clients)) await client.run(warmUpMilliseconds);
  const measured: { ingot: number; bare: number }[] = [];
  for (let round = 0; round < rounds; round++)
    measured.push({ ingot: await perSecond(clients.ingot), bare: await perSecond(clients.bare) });
  for (const client of Object.values(clients)) client.close();
  await Promise.all([ingot.stop(), bare.stop()]);
  await rm(home, { recursive: true, force: true });
  return withGoal(
    {
      name: `single-row predict over loopback HTTP, ${connections} connections`,
      unit: 'requests/s',
      value: median(measured.map(({ ingot: mine }) => mine)),
      peer: 'bare node:http + onnxruntime-node',
      peer_value: median(measured.map(({ bare: its }) => its)),
      ratio: median(measured.map(({ ingot: mine, bare: its }) => mine / its)),
    },
    '>=',
    0.6,
  );
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/** The whole handler, from API Gateway's event to its answer, and beside it the run of the model alone. */
async function handlerOverhead(trained: TrainedForBench, instance: Record<string, unknown>): Promise<Row> {
  const stores = await openEmbeddedStores();
  const api = predictApi(stores);
  const [tenant, name] = ['bench', 'penguins'];
  await api.register({ tenant, name, model: readModel(trained.bytes), signature: trained.signature });
  const idempotency = idempotencyStore({ ...stores, keys: stores.keyService });
  const handler = predictModelHandler({
    edge: { log: { info() {}, error() {} }, idempotency },
    predictModel: api.predict,
  });
  const event = anApiEvent({
    method: 'POST',
    path: '/v1/models/penguins/predict',
    pathParameters: { name },
    body: { instances: [instance] },
    authorizer: { tenant, keyId: 'key_bench', scopes: 'predict' },
  });
  const times = await api.serve({ tenant, name }, async ({ session }) => {
    const fetches = trained.signature.outputs.map((output) => output.name);
    const [call] = compileEncoder(trained.signature, session.inputs)([instance]);
    const run = () => session.run(call?.feeds ?? {}, fetches);
    const measured: { handler: number; run: number }[] = [];
    for (let at = 0; at < handlerCalls; at++)
      measured.push({ handler: await timed(() => handler(event)), run: await timed(run) });
    return measured.slice(handlerCalls / 4);
  });
  await stores.close();
  const value = median(times.map(({ handler }) => handler)) - median(times.map(({ run }) => run));
  return withGoal({ name: 'what the handler adds to session.run, p50', unit: 'ms', value }, '<=', 0.5);
}

export const serving: Bench = async () => {
  const { trained, instance } = await penguinsForBench();
  try {
    return [await handlerOverhead(trained, instance), await throughput(trained, instance)];
  } finally {
    await trained.remove();
  }
};
