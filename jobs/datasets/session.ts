import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { z } from 'zod';
import { quoteIdentifier } from './quote-sql';

export interface SessionOptions {
  /** Where DuckDB spills to; the session works in a new folder inside it. */
  scratch: string;
  threads?: number;
  memoryLimitMib?: number;
}

/** An embedded DuckDB with a bound on its memory, which spills to its own folder and goes away with it. */
export interface Session {
  /** A folder of this session alone; removed by `close`. */
  readonly folder: string;
  run(sql: string, values?: DuckDBValue[]): Promise<void>;
  /** All rows of a small answer, each proven to have the shape that is expected. */
  rows<S extends z.ZodType>(shape: S, sql: string, values?: DuckDBValue[]): Promise<z.infer<S>[]>;
  /** The one row of an aggregate. */
  row<S extends z.ZodType>(shape: S, sql: string, values?: DuckDBValue[]): Promise<z.infer<S>>;
  /** A large answer, chunk by chunk, over a connection of its own: streams may run side by side. */
  stream(sql: string): AsyncIterable<DuckDBDataChunk>;
  /** Makes a table of that name of these columns, in the place of what had the name. */
  load(table: string, columns: readonly LoadedColumn[]): Promise<void>;
  /** Makes room for long rows, of many columns or of long values: DuckDB holds a block of rows of each column at once. */
  fitTo(table: RowExtent): Promise<void>;
  /** Floating-point sums of one thread repeat bit for bit: of more, the order of adding is a matter of chance. */
  withOneThread<T>(work: () => Promise<T>): Promise<T>;
  /** Stops the query that runs now. */
  interrupt(): void;
  close(): Promise<void>;
}

/** Values from elsewhere than DuckDB. */
export type LoadedColumn =
  | { name: string; type: 'VARCHAR'; values: readonly string[] }
  | { name: string; type: 'BLOB'; values: readonly Uint8Array[] };

/** How much a row takes, as far as it is known. */
export interface RowExtent {
  columns: ArrayLike<unknown>;
  rows: number;
  rowBytes?: number;
}

const defaultMemoryLimitMib = 384;
/** Up to here the default is enough for two threads. */
const narrow = 500;
const mebibytesPerColumn = 0.25;
/** DuckDB's vector; a block of rows is copied on its way to the file, into room that is rounded up to a power of two. */
const rowsAtOnce = 2048;
const copies = 6;

export async function openSession(options: SessionOptions): Promise<Session> {
  const folder = await mkdtemp(join(options.scratch, 'duckdb-'));
  const instance = await DuckDBInstance.create(':memory:', settings(options, folder));
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  const session = {
    folder,
    run: async (sql: string, values?: DuckDBValue[]) => void (await connection.run(sql, values)),
    rows: async <S extends z.ZodType>(shape: S, sql: string, values?: DuckDBValue[]) => {
      const reader = await connection.runAndReadAll(sql, values);
      return reader.getRowObjectsJS().map((row) => shape.parse(row));
    },
    row: async <S extends z.ZodType>(shape: S, sql: string, values?: DuckDBValue[]) => {
      const reader = await connection.runAndReadAll(sql, values);
      return shape.parse(reader.getRowObjectsJS()[0]);
    },
    load: (table: string, columns: readonly LoadedColumn[]) => load(connection, table, columns),
    stream: (sql: string) => chunksOf(instance, sql),
    withOneThread: <T>(work: () => Promise<T>) => withOneThread(connection, work),
    fitTo: (table: RowExtent) => fitTo(connection, table, options),
    interrupt: () => connection.interrupt(),
    close: () => closeAll(connection, instance, folder),
  };
  return session;
}

async function load(
  connection: DuckDBConnection,
  table: string,
  columns: readonly LoadedColumn[],
): Promise<void> {
  const named = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${quoteIdentifier(table)} (${named.join(', ')})`);
  const appender = await connection.createAppender(table);
  const rows = columns[0]?.values.length ?? 0;
  for (let row = 0; row < rows; row++) {
    for (const { type, values } of columns) {
      if (type === 'BLOB') appender.appendBlob(values[row] ?? nothing);
      else appender.appendVarchar(values[row] ?? '');
    }
    appender.endRow();
  }
  appender.closeSync();
}

const nothing = new Uint8Array();

/** Nothing is fetched from the network, and rows keep the order of their file. */
function settings({ threads = 2, memoryLimitMib = defaultMemoryLimitMib }: SessionOptions, folder: string) {
  return {
    threads: String(threads),
    memory_limit: `${memoryLimitMib}MiB`,
    temp_directory: join(folder, 'spill'),
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  };
}

/** What the caller set stays. */
async function fitTo(
  connection: DuckDBConnection,
  { columns, rows, rowBytes = 0 }: RowExtent,
  { threads, memoryLimitMib }: SessionOptions,
): Promise<void> {
  const blockMib = (Math.min(rows, rowsAtOnce) * rowBytes * copies) / 2 ** 20;
  if (columns.length <= narrow && blockMib <= defaultMemoryLimitMib / 4) return;
  const memory = Math.round(defaultMemoryLimitMib + columns.length * mebibytesPerColumn + blockMib);
  if (memoryLimitMib === undefined) await connection.run(`SET memory_limit = '${memory}MiB'`);
  if (threads === undefined) await connection.run('SET threads = 1');
}

async function withOneThread<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  const reader = await connection.runAndReadAll("SELECT current_setting('threads')::INTEGER");
  await connection.run('SET threads = 1');
  try {
    return await work();
  } finally {
    await connection.run(`SET threads = ${Number(reader.value(0, 0))}`);
  }
}

async function* chunksOf(instance: DuckDBInstance, sql: string): AsyncIterable<DuckDBDataChunk> {
  const connection = await instance.connect();
  try {
    const result = await connection.stream(sql);
    for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk())
      yield chunk;
  } finally {
    connection.closeSync();
  }
}

async function closeAll(
  connection: DuckDBConnection,
  instance: DuckDBInstance,
  folder: string,
): Promise<void> {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
}
