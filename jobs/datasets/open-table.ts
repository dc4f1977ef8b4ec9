import { join } from 'node:path';
import { z } from 'zod';
import type { ColumnType } from '../../shared/contracts/dataset';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import { readingOf } from './column-types';
import { isLong, type LongValues, spoolValues } from './long-values';
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
  /** About how many rows its file holds in one piece, which is what memory has room for at once. */
  readonly rowsPerGroup: number;
  readonly session: Session;
  /**
   * What FROM takes to read it: `row_number`, from 0, and the columns as `c0`, `c1`, …: no name of the data is ever an
   * identifier. Lists and images are left out.
   */
  readonly relation: string;
  /** The same with these columns alone: in a wide table, all of them take longer to name than one to read. */
  readonly relationOf: (references: readonly string[]) => string;
  /** The lists or images of the column at this place, by row number; made ready at the first call. */
  readonly longValues: (index: number) => Promise<LongValues>;
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
  await session.fitTo({ columns: described, rows: 0 });
  const columns = described.map(({ column_name: name, column_type }) => ({
    name,
    reading: supported(name, column_type),
  }));
  const references = columns.map((_, index) => columnReference(index));
  const readings = new Map(columns.map(({ reading }, index) => [columnReference(index), reading]));
  const selected = (reference: string) => `${readings.get(reference)?.sql(reference)} AS ${reference}`;
  const light = columns.flatMap(({ reading }, index) =>
    isLong(reading.type) ? [] : [columnReference(index)],
  );
  const relationOf = (asked: readonly string[]) =>
    `(SELECT ${['row_number() OVER () - 1 AS row_number', ...asked.map(selected)].join(', ')} FROM ${source} AS source(${references.join(', ')}))`;
  const { rows, groups } = await session.row(
    z.object({ rows: z.coerce.number(), groups: z.coerce.number() }),
    `SELECT num_rows AS rows, num_row_groups AS groups FROM parquet_file_metadata(${quoteText(data)})`,
  );
  const plain = columns.map(({ name, reading }) => ({ name, type: reading.type }));
  const long = longColumns({ session, columns: plain, rows, relationOf });
  return {
    columns: plain,
    rows,
    rowsPerGroup: Math.ceil(rows / Math.max(1, groups)),
    session,
    relation: relationOf(light),
    relationOf,
    longValues: long.values,
    async close() {
      await long.close();
      await session.close();
    },
  };
}

type LongSource = Pick<Table, 'session' | 'columns' | 'rows' | 'relationOf'>;

/** Each column of long values is copied into its file once, when it is first asked for. */
function longColumns({ session, columns, rows, relationOf }: LongSource) {
  const opened = new Map<number, Promise<LongValues>>();
  async function spool(index: number): Promise<LongValues> {
    const { name = '', type = 'text' } = columns[index] ?? {};
    if (!isLong(type)) throw new BadSpecError(`column '${name}' holds neither lists nor images`);
    const reference = columnReference(index);
    const chunks = session.stream(`SELECT ${reference} FROM ${relationOf([reference])}`);
    return spoolValues(chunks, { type, rows, path: join(session.folder, `${reference}.values`) });
  }
  return {
    values(index: number): Promise<LongValues> {
      const values = opened.get(index) ?? spool(index);
      opened.set(index, values);
      return values;
    },
    /** One whose file could not be made has none to close. */
    async close(): Promise<void> {
      for (const values of await Promise.allSettled(opened.values()))
        if (values.status === 'fulfilled') await values.value.close();
    },
  };
}

function supported(name: string, sqlType: string) {
  const reading = readingOf(sqlType);
  if (reading) return reading;
  throw new UnusableDataError(
    `column '${name}' is of type ${sqlType}, which no model can read; leave it out of the file`,
  );
}
