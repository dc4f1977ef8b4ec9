import type { ManifestFile } from '../contracts/events';
import type { ModelSignature, ModelVersion } from '../contracts/model';
import { NotFoundError } from '../errors/request-errors';
import { ConditionFailedError } from '../errors/store-errors';
import type { Clock } from '../ports/clock';
import type { RecordKey, RecordStore } from '../ports/record-store';
import { changeRecord } from './change-record';
import { modelKeys } from './model-keys';
import type {
  ModelAddress,
  ModelRecord,
  NewImport,
  NewVersion,
  VersionAddress,
  VersionRecord,
} from './model-record';

/** The version after a move, and whether this call moved it; undefined where there is none. */
export type VersionMove = { version: VersionRecord; moved: boolean } | undefined;

export interface ModelVersions {
  getVersion(address: VersionAddress): Promise<VersionRecord | undefined>;
  /** A job's model becomes the next version, ready to serve. Called again for the same job, the same version. */
  registerVersion(version: NewVersion): Promise<VersionRecord>;
  /** The next version, awaiting its upload. */
  reserveVersion(version: NewImport): Promise<VersionRecord>;
  /** Notes what was uploaded, for the job that will open it; the state moves when that job is submitted. */
  noteArtifact(note: VersionAddress & { artifact: ManifestFile }): Promise<VersionMove>;
  markVersionValidating(move: VersionAddress & { job: string }): Promise<VersionMove>;
  /** Safe to call twice. */
  markVersionReady(move: VersionAddress & { job: string; signature: ModelSignature }): Promise<VersionMove>;
  markVersionRejected(
    move: VersionAddress & { job: string; errors: readonly { code: string; detail: string }[] },
  ): Promise<VersionMove>;
}

/**
 * Every legal move; a version that is ready stays so. From `awaiting_upload` straight to an end, because the job is
 * submitted before the state is written, and may be faster.
 */
const versionTransitions: Readonly<Record<ModelVersion['state'], readonly ModelVersion['state'][]>> = {
  awaiting_upload: ['validating', 'ready', 'rejected'],
  validating: ['ready', 'rejected'],
  ready: [],
  rejected: [],
};

async function writeOnce(records: RecordStore, key: RecordKey, value: unknown): Promise<void> {
  try {
    await records.put({ ...key, value, expect: 'absent' });
  } catch (error) {
    // it was written before, as the same thing
    if (!(error instanceof ConditionFailedError)) throw error;
  }
}

/** Gives the newest version records of its own, before another takes its place in the model's record. */
async function settle(records: RecordStore, newest: VersionRecord): Promise<void> {
  await writeOnce(records, modelKeys.version(newest), newest);
  const { job } = newest.lineage;
  if (job !== undefined) await writeOnce(records, modelKeys.job(newest, job), newest.version);
}

async function readVersion(
  records: RecordStore,
  address: VersionAddress,
): Promise<VersionRecord | undefined> {
  const stored = await records.get<VersionRecord>(modelKeys.version(address));
  if (stored !== undefined) return stored.value;
  const model = await records.get<ModelRecord>(modelKeys.model(address));
  return model?.value.newest.version === address.version ? model.value.newest : undefined;
}

async function madeBy(records: RecordStore, address: ModelAddress, job: string | undefined) {
  const made = job === undefined ? undefined : await records.get<number>(modelKeys.job(address, job));
  return made === undefined ? undefined : readVersion(records, { ...address, version: made.value });
}

interface Allocation {
  address: ModelAddress;
  /** Who makes it; absent for an upload. */
  job?: string;
  make(number: Pick<VersionRecord, 'tenant' | 'name' | 'version' | 'created_at'>): VersionRecord;
  /** What else changes in the model by the same write. */
  change(model: ModelRecord): Partial<ModelRecord>;
}

/** The next version by one conditional write, or the one that the job made before. */
async function allocate(deps: ModelVersionsDependencies, { address, job, make, change }: Allocation) {
  const { records, clock } = deps;
  let version: VersionRecord | undefined;
  await changeRecord<ModelRecord>(records, modelKeys.model(address), async (model) => {
    if (model !== undefined) await settle(records, model.newest);
    version = await madeBy(records, address, job);
    if (version !== undefined) return undefined;
    const created_at = clock.now().toISOString();
    version = make({ ...address, version: (model?.latest_version ?? 0) + 1, created_at });
    const facts = { newest: version, latest_version: version.version };
    const next: ModelRecord = { aliases: {}, created_at, ...address, ...model, ...facts };
    return { ...next, ...change(next) };
  });
  if (version === undefined) throw new ConditionFailedError(`model '${address.name}'`);
  await settle(records, version);
  return version;
}

const registration = ({ tenant, name, job, alias, testRows, lineage, ...facts }: NewVersion): Allocation => ({
  address: { tenant, name },
  job,
  make: (number) => ({
    ...number,
    ...facts,
    state: 'ready',
    lineage: { ...lineage, job },
    ...(testRows === undefined ? {} : { test_rows: testRows }),
    job,
  }),
  change: ({ aliases, latest_version: version }) => ({
    latest_ready: version,
    ...(alias === undefined ? {} : { aliases: { ...aliases, [alias]: { version } } }),
  }),
});

const reservation = ({ tenant, name, description, bytes, sha256, signature }: NewImport): Allocation => ({
  address: { tenant, name },
  make: (number) => ({
    ...number,
    state: 'awaiting_upload',
    declared: { ...(bytes === undefined ? {} : { bytes }), ...(sha256 === undefined ? {} : { sha256 }) },
    ...(signature === undefined ? {} : { signature }),
    lineage: {},
  }),
  change: () => (description === undefined ? {} : { description }),
});

/** Changes a version that is in one of the states named. */
async function change(
  records: RecordStore,
  address: VersionAddress,
  from: (state: ModelVersion['state']) => boolean,
  facts: Partial<VersionRecord>,
): Promise<VersionMove> {
  const known = await readVersion(records, address);
  if (known === undefined) return undefined;
  await writeOnce(records, modelKeys.version(address), known);
  const { before, after } = await changeRecord<VersionRecord>(
    records,
    modelKeys.version(address),
    (current) => (current !== undefined && from(current.state) ? { ...current, ...facts } : undefined),
  );
  return after === undefined ? undefined : { version: after, moved: before?.state !== after.state };
}

const move = (
  records: RecordStore,
  { tenant, name, version, ...facts }: VersionAddress & Partial<VersionRecord>,
  state: ModelVersion['state'],
) =>
  change(records, { tenant, name, version }, (from) => versionTransitions[from].includes(state), {
    ...facts,
    state,
  });

const makeLatestReady = (records: RecordStore, address: VersionAddress) =>
  changeRecord<ModelRecord>(records, modelKeys.model(address), (model) => {
    if (model === undefined) throw new NotFoundError('model', address.name);
    return (model.latest_ready ?? 0) < address.version
      ? { ...model, latest_ready: address.version }
      : undefined;
  });

export interface ModelVersionsDependencies {
  records: RecordStore;
  clock: Clock;
}

/**
 * The versions of models.
 *
 * A version gets its number in the one conditional write of its model's record, and rides there (`newest`) until records
 * of its own are written: first by its maker, else by whoever makes the next one. So racing makers never share or skip a
 * number, and a crash at any point loses none.
 */
export const modelVersions = (deps: ModelVersionsDependencies): ModelVersions => ({
  getVersion: (address) => readVersion(deps.records, address),
  registerVersion: (version) => allocate(deps, registration(version)),
  reserveVersion: (version) => allocate(deps, reservation(version)),
  noteArtifact: ({ artifact, ...address }) =>
    change(deps.records, address, (from) => from === 'awaiting_upload', { artifact }),
  markVersionValidating: (facts) => move(deps.records, facts, 'validating'),
  async markVersionReady(facts) {
    const moved = await move(deps.records, facts, 'ready');
    if (moved?.version.state === 'ready') await makeLatestReady(deps.records, facts);
    return moved;
  },
  markVersionRejected: (facts) => move(deps.records, facts, 'rejected'),
});
