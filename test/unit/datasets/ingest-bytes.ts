import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type IngestOptions, type IngestOutcome, ingestFile } from '../../../jobs/datasets/ingest-file';
import { openTable, type Table } from '../../../jobs/datasets/open-table';
import { quoteText } from '../../../jobs/datasets/quote-sql';
import { openSession } from '../../../jobs/datasets/session';

const folders: string[] = [];

/** A folder that goes away when the tests of the file are done. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-datasets-'));
  folders.push(folder);
  return folder;
}

afterAll(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true }))));

export interface Ingested {
  outcome: IngestOutcome;
  folder: string;
  /** The Parquet file. */
  data: string;
}

export async function ingestBytes(
  bytes: string | Uint8Array,
  options: Partial<IngestOptions> = {},
): Promise<Ingested> {
  const folder = await makeFolder();
  const source = join(folder, 'source');
  const data = join(folder, 'data.parquet');
  await writeFile(source, bytes);
  const defaults = {
    source,
    data,
    scratch: folder,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };
  return { outcome: await ingestFile({ ...defaults, ...options }), folder, data };
}

/** The profile of bytes that must be fine. */
export async function profileOf(bytes: string | Uint8Array, options: Partial<IngestOptions> = {}) {
  const { outcome } = await ingestBytes(bytes, options);
  if (outcome.type === 'rejected') throw new Error(JSON.stringify(outcome.errors));
  return outcome.profile;
}

/** The errors of bytes that must be refused. */
export async function errorsOf(bytes: string | Uint8Array, options: Partial<IngestOptions> = {}) {
  const { outcome } = await ingestBytes(bytes, options);
  if (outcome.type === 'ready') throw new Error(`was not refused: ${JSON.stringify(outcome.profile)}`);
  return outcome.errors;
}

/** All rows of a Parquet file, as arrays of JavaScript values. */
export async function rowsOf(data: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet(${quoteText(data)})`);
  const rows = reader.getRowsJS();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** The rows that came of bytes that must be fine. */
export async function ingestedRows(bytes: string | Uint8Array): Promise<unknown[][]> {
  const { outcome, data } = await ingestBytes(bytes);
  if (outcome.type === 'rejected') throw new Error(JSON.stringify(outcome.errors));
  return rowsOf(data);
}

/** A table of bytes that must be fine; the caller closes it. */
export async function tableOf(bytes: string | Uint8Array): Promise<Table> {
  const { outcome, data, folder } = await ingestBytes(bytes);
  if (outcome.type === 'rejected') throw new Error(JSON.stringify(outcome.errors));
  return openTable({ data, scratch: folder });
}

/** Writes what a query of DuckDB gives as a Parquet file. */
export async function writeParquet(query: string, ...options: string[]): Promise<string> {
  const folder = await makeFolder();
  const session = await openSession({ scratch: folder });
  const path = join(folder, 'made.parquet');
  await session.run(`COPY (${query}) TO ${quoteText(path)} (${['FORMAT parquet', ...options].join(', ')})`);
  await session.close();
  return path;
}
