import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobLine } from '../../../functions/usecases/job-log';
import { openFileMessageQueue } from '../../../shared/adapters/embedded/file-message-queue';
import { openRecordCipher } from '../../../shared/adapters/embedded/record-cipher';
import type { DatasetProfile } from '../../../shared/contracts/dataset';
import type { JobManifest, ManifestFile } from '../../../shared/contracts/events';
import { objectKeys } from '../../../shared/contracts/job-files';
import type { BatchRunner } from '../../../shared/ports/batch-runner';
import type { Clock } from '../../../shared/ports/clock';
import { ulidIds } from '../../../shared/ports/ids';
import type { MessageQueue } from '../../../shared/ports/message-queue';
import type { ObjectStore } from '../../../shared/ports/object-store';
import type { RecordStore } from '../../../shared/ports/record-store';
import { datasetStore } from '../../../shared/stores/dataset-store';
import { jobBell } from '../../../shared/stores/job-bell';
import { jobEvents } from '../../../shared/stores/job-events';
import { jobStore } from '../../../shared/stores/job-store';
import { modelRegistry } from '../../../shared/stores/model-registry';
import { openJobs } from '../../../shared/stores/open-jobs';
import { openEmbeddedStores, type SteppedClock } from '../../support/embedded-stores';

export interface Ports {
  records: RecordStore;
  objects: ObjectStore;
  queue: MessageQueue;
  runner: BatchRunner;
}

/** The embedded cloud's stores in a folder of their own, and as many queues as are asked for. */
export async function openPorts() {
  const stores = await openEmbeddedStores();
  const folder = await mkdtemp(join(tmpdir(), 'ingot-queues-'));
  const file = join(folder, 'messages.key');
  const cipher = await openRecordCipher({ keys: stores.keyService, file, purpose: 'messages' });
  return {
    ...stores,
    openQueue: (clock: Clock) =>
      openFileMessageQueue({ folder: join(folder, randomUUID()), cipher, clock, ordered: false }),
    async close() {
      await stores.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const settings = {
  maximumWaitSeconds: 86_400,
  containerEnvironment: { INGOT_CLOUD: 'embedded' },
  attempts: 3,
  claimTimeoutSeconds: 60,
  resendAfterSeconds: 30,
  settleAfterSeconds: 30,
};

/** All that the job use cases ask for, over these ports: one process, as it were. */
export function wireJobs(ports: Ports, clock: SteppedClock) {
  const lines: { message: string; line: JobLine }[] = [];
  const write = (message: string, line: JobLine) => void lines.push({ message, line });
  const open = openJobs(ports.records);
  const events = jobEvents(ports.records);
  const bell = jobBell();
  return {
    ...settings,
    ...ports,
    clock,
    lines,
    log: { info: write, warn: write, error: write },
    ids: ulidIds,
    open,
    events,
    bell,
    jobs: jobStore({ records: ports.records, events, open, bell }),
    datasets: datasetStore({ records: ports.records, clock }),
    models: modelRegistry({ records: ports.records, clock }),
  };
}
export type JobWorld = ReturnType<typeof wireJobs>;

export async function putObject(objects: ObjectStore, key: string, text: string): Promise<ManifestFile> {
  const { bytes, sha256 } = await objects.put(key, Buffer.from(text));
  return { key, bytes, sha256 };
}

export const aProfile = (facts: Partial<DatasetProfile> = {}): DatasetProfile => ({
  rows: 3,
  bytes: 60,
  format: 'csv',
  columns: [
    { name: 'species', type: 'text', missing: 0, distinct: 3 },
    { name: 'flipper_length', type: 'number', missing: 1, distinct: 3 },
  ],
  ...facts,
});

/** A data set that an earlier job has made ready. */
export async function aReadyDataset(world: JobWorld, tenant: string, profile = aProfile()): Promise<string> {
  const id = world.ids.next('ds');
  const job = world.ids.next('job');
  await world.datasets.create({ id, tenant, name: 'penguins' });
  const file = (name: string, text: string) =>
    putObject(world.objects, `${objectKeys.attemptPrefix(tenant, job, 1)}${name}`, text);
  const data = await file('data.parquet', 'rows');
  const profileFile = await file('profile.json', JSON.stringify(profile));
  await world.datasets.markReady({ tenant, id, job, rows: profile.rows, data, profile: profileFile });
  return id;
}

type Result = JobManifest['result'];

export const aTrainedModel = (name: string): Extract<Result, { type: 'model' }> => ({
  type: 'model',
  register: { name, alias: 'production' },
  model: 'model.onnx',
  signature: { task: 'classification', inputs: [], outputs: [], target: 'species' },
  metrics: { test: { accuracy: 0.98 } },
  lineage: {},
});

/** What a container leaves behind when it ends well. */
export async function leaveOutput(
  objects: ObjectStore,
  { tenant, jobId, attempt }: { tenant: string; jobId: string; attempt: number },
  { files, result }: { files: Record<string, string>; result: Result },
): Promise<JobManifest> {
  const written: JobManifest['files'] = {};
  const prefix = objectKeys.attemptPrefix(tenant, jobId, attempt);
  for (const [name, text] of Object.entries(files)) {
    written[name] = await putObject(objects, `${prefix}${name}`, text);
  }
  const manifest: JobManifest = { job_id: jobId, attempt, files: written, result };
  await putObject(objects, objectKeys.manifest(tenant, jobId, attempt), JSON.stringify(manifest));
  return manifest;
}

export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
