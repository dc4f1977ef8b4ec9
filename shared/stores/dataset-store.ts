import type { DataFormat, DatasetIssue, DatasetState } from '../contracts/dataset';
import type { ManifestFile } from '../contracts/events';
import type { ListRequest } from '../contracts/lists';
import type { Clock } from '../ports/clock';
import type { RecordStore } from '../ports/record-store';
import { changeRecord } from './change-record';

/** A data set as it is stored; its columns are in the profile, which may be large. */
export interface DatasetRecord {
  id: string;
  tenant: string;
  name: string;
  state: DatasetState;
  format?: DataFormat;
  /** What the upload must be, where its owner said so. */
  declared: { bytes?: number; sha256?: string };
  /** What was uploaded, at `objectKeys.datasetSource`. */
  source?: { bytes: number; sha256: string };
  /** The `ingest` job. */
  job?: string;
  rows?: number;
  /** The rows, as Parquet. */
  data?: ManifestFile;
  /** A `datasetProfile`, as JSON. */
  profile?: ManifestFile;
  errors?: readonly DatasetIssue[];
  errors_truncated?: boolean;
  created_at: string;
  updated_at: string;
}

/**
 * Every legal move. From `awaiting_upload` straight to an end, because the job is submitted before the state is written,
 * and may be faster.
 */
export const datasetTransitions: Readonly<Record<DatasetState, readonly DatasetState[]>> = {
  awaiting_upload: ['validating', 'ready', 'rejected', 'deleted'],
  validating: ['ready', 'rejected', 'deleted'],
  ready: ['deleted'],
  rejected: ['deleted'],
  deleted: [],
};

export interface NewDataset {
  id: string;
  tenant: string;
  name: string;
  format?: DataFormat | undefined;
  bytes?: number | undefined;
  sha256?: string | undefined;
}

export interface DatasetAddress {
  tenant: string;
  id: string;
}

export interface DatasetReady extends DatasetAddress {
  job: string;
  rows: number;
  format?: DataFormat;
  data: ManifestFile;
  profile: ManifestFile;
}

export interface DatasetRejected extends DatasetAddress {
  job: string;
  errors: readonly DatasetIssue[];
  truncated?: boolean;
}

/** The data set after a move, and whether this call moved it; undefined where there is none, or it was deleted. */
export type DatasetMove = { dataset: DatasetRecord; moved: boolean } | undefined;

export interface DatasetStore {
  create(dataset: NewDataset): Promise<DatasetRecord>;
  /** Deleted ones are not there. */
  get(address: DatasetAddress): Promise<DatasetRecord | undefined>;
  list(tenant: string, page: ListRequest): Promise<{ datasets: DatasetRecord[]; hasMore: boolean }>;
  /** Notes what was uploaded, for the job that will read it; the state moves when that job is submitted. */
  noteSource(note: DatasetAddress & { source: NonNullable<DatasetRecord['source']> }): Promise<DatasetMove>;
  markValidating(move: DatasetAddress & { job: string }): Promise<DatasetMove>;
  /** Safe to call twice; a data set that was deleted meanwhile, or has come to another end, stays as it is. */
  markReady(move: DatasetReady): Promise<DatasetMove>;
  markRejected(move: DatasetRejected): Promise<DatasetMove>;
  /** From now on it is not there for anybody; its objects still are. Called again, it gives the same record. */
  markDeleted(address: DatasetAddress): Promise<DatasetRecord | undefined>;
  /** Forgets a deleted data set, once its objects are gone. */
  forget(address: DatasetAddress): Promise<void>;
}

const keyOf = ({ tenant, id }: DatasetAddress) => ({ partition: `tenant#${tenant}#dataset`, sort: id });

function newRecord({ bytes, sha256, format, ...dataset }: NewDataset, at: string): DatasetRecord {
  return {
    ...dataset,
    ...(format === undefined ? {} : { format }),
    state: 'awaiting_upload',
    declared: { ...(bytes === undefined ? {} : { bytes }), ...(sha256 === undefined ? {} : { sha256 }) },
    created_at: at,
    updated_at: at,
  };
}

interface DatasetStoreDependencies {
  records: RecordStore;
  clock: Clock;
}

/** Changes a data set that is in one of the states named. */
async function change(
  { records, clock }: DatasetStoreDependencies,
  address: DatasetAddress,
  from: (state: DatasetState) => boolean,
  facts: Partial<DatasetRecord>,
): Promise<DatasetMove> {
  const updated_at = clock.now().toISOString();
  const { before, after } = await changeRecord<DatasetRecord>(records, keyOf(address), (current) =>
    current !== undefined && from(current.state) ? { ...current, ...facts, updated_at } : undefined,
  );
  if (after === undefined || before?.state === 'deleted') return undefined;
  return { dataset: after, moved: before?.state !== after.state };
}

async function list(records: RecordStore, tenant: string, { after, limit, order }: ListRequest) {
  const { partition } = keyOf({ tenant, id: '' });
  const page = { partition, limit, order, ...(after === undefined ? {} : { after }) };
  const found = await records.list<DatasetRecord>(page);
  const datasets = found.records.map(({ value }) => value).filter(({ state }) => state !== 'deleted');
  return { datasets, hasMore: found.hasMore };
}

/** A tenant's data sets, in the order of their making; every change of state is one conditional write. */
export function datasetStore(deps: DatasetStoreDependencies): DatasetStore {
  const { records } = deps;
  const read = async (address: DatasetAddress) => (await records.get<DatasetRecord>(keyOf(address)))?.value;
  const move = (address: DatasetAddress, state: DatasetState, facts: Partial<DatasetRecord> = {}) =>
    change(deps, address, (from) => datasetTransitions[from].includes(state), { ...facts, state });

  return {
    async create(dataset) {
      const value = newRecord(dataset, deps.clock.now().toISOString());
      await records.put({ ...keyOf(dataset), value, expect: 'absent' });
      return value;
    },
    async get(address) {
      const found = await read(address);
      return found?.state === 'deleted' ? undefined : found;
    },
    list: (tenant, page) => list(records, tenant, page),
    noteSource: ({ tenant, id, source }) =>
      change(deps, { tenant, id }, (from) => from === 'awaiting_upload', { source }),
    markValidating: ({ tenant, id, job }) => move({ tenant, id }, 'validating', { job }),
    markReady: ({ tenant, id, ...facts }) => move({ tenant, id }, 'ready', facts),
    markRejected: ({ tenant, id, job, errors, truncated }) =>
      move({ tenant, id }, 'rejected', { job, errors, ...(truncated ? { errors_truncated: true } : {}) }),
    async markDeleted(address) {
      await move(address, 'deleted');
      return read(address);
    },
    forget: (address) => records.remove(keyOf(address)),
  };
}
