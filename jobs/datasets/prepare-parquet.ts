import { types } from 'node:util';
import { z } from 'zod';
import { checkColumnCount, checkColumnNames } from './check-column-names';
import { type ColumnReading, readingOf } from './column-types';
import { ingestLimits } from './ingest-limits';
import { makeRoomForLists } from './list-blocks';
import { columnReference } from './open-table';
import { parquetColumnNames } from './parquet-column-names';
import type { PreparedColumn, PreparedSource, Upload } from './prepared-source';
import { quoteText } from './quote-sql';
import type { Session } from './session';

interface FoundColumn {
  name: string;
  reference: string;
  sqlType: string;
  reading: ColumnReading | undefined;
}

type KnownColumn = FoundColumn & { reading: ColumnReading };

/** Parquet: flat columns, whatever their encoding; every page is read once before anything is written. */
export async function prepareParquet(upload: Upload): Promise<PreparedSource | undefined> {
  try {
    return await prepare(upload);
  } catch (error) {
    if (!isAboutTheFile(error)) throw error;
    upload.issues.add({
      code: 'invalid_parquet',
      detail: `the file cannot be read as Parquet: ${reasonOf(error, upload.path)}; write it again`,
    });
    return undefined;
  }
}

async function prepare({ session, path, issues }: Upload): Promise<PreparedSource | undefined> {
  const source = `read_parquet(${quoteText(path)})`;
  const columns = await findColumns(session, path, source);
  const rows = (
    await session.row(z.object({ rows: z.coerce.number() }), `SELECT count(*) AS rows FROM ${source}`)
  ).rows;
  checkColumnCount(columns.length, issues);
  checkColumnNames(
    columns.map(({ name }) => name),
    issues,
  );
  for (const { name } of columns) if (name.includes('\0')) issues.add(unwritableName(name));
  for (const column of columns) if (!column.reading) issues.add(unsupported(column));
  if (rows === 0) issues.add({ code: 'no_rows', detail: 'the file has columns and no rows; add rows' });
  const known = columns.filter((column): column is KnownColumn => column.reading !== undefined);
  if (issues.any) return undefined;
  const relation = `${source} AS source(${columns.map(({ reference }) => reference).join(', ')})`;
  const rowBytes = await makeRoomForLists({ session, path, issues }, known);
  if (issues.any) return undefined;
  const misfits = await findMisfits(session, relation, known);
  for (const [index, column] of known.entries())
    if (misfits[index]) await noteMisfit({ session, relation, issues }, column);
  if (issues.any) return undefined;
  const prepared = known.map((column, index) => (misfits[index] ? withoutMisfit(column) : fitting(column)));
  return { columns: prepared, relation, rows, rowBytes };
}

async function findColumns(session: Session, path: string, source: string): Promise<FoundColumn[]> {
  const described = await session.rows(
    z.object({ column_type: z.string() }),
    `DESCRIBE SELECT * FROM ${source}`,
  );
  const names = await parquetColumnNames(session, path);
  return described.map(({ column_type: sqlType }, index) => ({
    name: names[index] ?? '',
    reference: columnReference(index),
    sqlType,
    reading: uploadReading(sqlType),
  }));
}

/** Images come in an archive of their own, where each has a name to be told by. */
function uploadReading(sqlType: string): ColumnReading | undefined {
  const reading = readingOf(sqlType);
  return reading?.type === 'image' ? undefined : reading;
}

/** What to do about a type; the first that fits counts. */
const remedies: readonly { type: RegExp; remedy: string }[] = [
  { type: /\]$/, remedy: 'give lists of plain numbers, or leave it out' },
  { type: /^(?:STRUCT|MAP|UNION)/, remedy: 'spread it over columns of its own, or leave it out' },
  { type: /^BLOB/, remedy: 'leave it out; images come as a ZIP archive with a folder for each class' },
  { type: /^/, remedy: 'convert it to text or a number, or leave it out' },
];

function unsupported({ name, sqlType }: FoundColumn) {
  const remedy = remedies.find(({ type }) => type.test(sqlType))?.remedy;
  return {
    column: name,
    code: 'unsupported_type' as const,
    detail: `the type ${sqlType.slice(0, 200)} does not fit a table; ${remedy}`,
  };
}

function unwritableName(name: string) {
  const detail = `the column name ${JSON.stringify(name)} holds the character U+0000; rename the column`;
  return { code: 'invalid_parquet' as const, detail };
}

const columnsPerQuery = 500;

async function findMisfits(
  session: Session,
  relation: string,
  columns: readonly KnownColumn[],
): Promise<boolean[]> {
  const found: boolean[] = [];
  for (let from = 0; from < columns.length; from += columnsPerQuery) {
    const misfits = columns
      .slice(from, from + columnsPerQuery)
      .map(({ reading, reference }) => reading.misfit(reference));
    const answer = await session.row(
      z.object({ misfits: z.array(z.boolean().nullable()) }),
      `SELECT [${misfits.join(', ')}] AS misfits FROM ${relation}`,
    );
    found.push(...answer.misfits.map((misfit) => misfit === true));
  }
  return found;
}

const fitting = ({ name, reference, reading }: KnownColumn): PreparedColumn => ({
  name,
  type: reading.type,
  sql: reading.sql(reference),
});

/** Long whole numbers become text, digit by digit; for the rest there is no faithful way. */
const withoutMisfit = ({ name, reference }: KnownColumn): PreparedColumn => ({
  name,
  type: 'text',
  sql: `CAST(${reference} AS VARCHAR)`,
});

interface Reading extends Pick<Upload, 'session' | 'issues'> {
  relation: string;
}

async function noteMisfit({ session, relation, issues }: Reading, column: KnownColumn): Promise<void> {
  const { name, reference, reading } = column;
  if (reading.type === 'integer') return;
  if (!reading.isMisfit) return issues.add({ column: name, ...misfitIssue(reading) });
  const { row } = await session.row(
    z.object({ row: z.coerce.number() }),
    `SELECT min(row) AS row FROM (SELECT row_number() OVER () AS row, ${reading.isMisfit(reference)} AS misfit FROM ${relation}) WHERE misfit`,
  );
  issues.add({ column: name, code: 'nested_value', detail: listMisfit(row) });
}

const listMisfit = (row: number): string =>
  `the list of row ${row} (from 1) holds a number that is missing, infinite or past 2^53; give numbers alone, or null for the whole list where it is unknown`;

function misfitIssue({ type }: ColumnReading) {
  if (type === 'number') {
    return {
      code: 'unsupported_type' as const,
      detail: 'the column holds infinite values; replace them by numbers, or by null where they are unknown',
    };
  }
  return {
    code: 'field_too_large' as const,
    detail: `a value of the column has more than ${ingestLimits.fieldBytes} bytes; shorten it`,
  };
}

/** DuckDB's own errors begin with their kind; memory, disk and interruption are ours to mend, and so is our SQL. */
function isAboutTheFile(error: unknown): error is Error {
  if (!types.isNativeError(error) || !/^[A-Z][A-Za-z ]* Error: /.test(error.message)) return false;
  return !/^(?:Out of Memory|INTERRUPT|Binder|Catalog|Parser)|No space left/.test(error.message);
}

/** DuckDB's first line, without the path of our scratch folder. */
function reasonOf(error: Error, path: string): string {
  const [line = ''] = error.message.split('\n');
  return line
    .replaceAll(path, '')
    .replace(/ ?(?:in )?file ['"]{2}:?/i, '')
    .replace(/^.*?Error: /, '')
    .trim()
    .toLowerCase();
}
