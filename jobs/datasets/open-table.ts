import { z } from 'zod';
import type { ColumnType } from '../../shared/contracts/dataset';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import { readingOf } from './column-types';
import { nearestNames } from './nearest-names';
import { quoteText } from './quote-sql';
import { openSession, type Session } from './session';

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** A data set that was ingested, open for SQL. */
export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: number;
  readonly session: Session;
  /** What FROM takes to read it: `row_number`, from 0, and the columns as `c0`, `c1`, …: no name of the data is ever an identifier. */
  readonly relation: string;
  /** The same with these columns alone: in a wide table, all of them take longer to name than one to read. */
  readonly relationOf: (references: readonly string[]) => string;
  close(): Promise<void>;
}

export interface OpenTableOptions {
  /** Path of the Parquet file. */
  data: string;
  scratch: string;
  threads?: number;
  memoryLimitMib?: number;
}

/** Opens a Parquet file that `ingest` or `writeRows` wrote; nothing is read into memory. */
export async function openTable({ data, ...options }: OpenTableOptions): Promise<Table> {
  const session = await openSession(options);
  try {
    return await tableOver(session, data);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** The reference of the column at this place, in every relation of a table and of its parts. */
export const columnReference = (index: number): string => `c${index}`;

/** The place of a column by its exact name: case counts. */
export function columnIndex(table: Pick<Table, 'columns'>, name: string, role = 'column'): number {
  const index = table.columns.findIndex((column) => column.name === name);
  if (index >= 0) return index;
  const names = table.columns.map((column) => column.name);
  throw new BadSpecError(
    `the ${role} '${name}' is not a column of the data set; the nearest are: ${nearestNames(name, names)
      .map((near) => `'${near}'`)
      .join(', ')}; names must match exactly, upper and lower case too`,
  );
}

async function tableOver(session: Session, data: string): Promise<Table> {
  const source = `read_parquet(${quoteText(data)})`;
  const described = await session.rows(
    z.object({ column_name: z.string(), column_type: z.string() }),
    `DESCRIBE SELECT * FROM ${source}`,
  );
  await session.fitTo(described.length);
  const columns = described.map(({ column_name: name, column_type }) => ({
    name,
    reading: supported(name, column_type),
  }));
  const references = columns.map((_, index) => columnReference(index));
  const readings = new Map(columns.map(({ reading }, index) => [columnReference(index), reading]));
  const selected = (reference: string) => `${readings.get(reference)?.sql(reference)} AS ${reference}`;
  const relationOf = (asked: readonly string[]) =>
    `(SELECT ${['row_number() OVER () - 1 AS row_number', ...asked.map(selected)].join(', ')} FROM ${source} AS source(${references.join(', ')}))`;
  const { rows } = await session.row(
    z.object({ rows: z.coerce.number() }),
    `SELECT count(*) AS rows FROM ${source}`,
  );
  const plain = columns.map(({ name, reading }) => ({ name, type: reading.type }));
  return {
    columns: plain,
    rows,
    session,
    relation: relationOf(references),
    relationOf,
    close: () => session.close(),
  };
}

function supported(name: string, sqlType: string) {
  const reading = readingOf(sqlType);
  if (reading) return reading;
  throw new UnusableDataError(
    `column '${name}' is of type ${sqlType}, which no model can read; leave it out of the file`,
  );
}
