import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { ColumnType } from '../../shared/contracts/dataset';
import { BadSpecError } from '../../shared/errors/job-errors';
import type { ColumnValues, ScalarValues } from './column-values';
import { isLong, type LongType, type LongValues } from './long-values';
import { columnIndex, columnReference } from './open-table';
import { rowKey } from './row-key';
import type { Part, SplitTable } from './split-table';

export type { ColumnValues } from './column-values';

export interface RowChunk {
  readonly rows: number;
  /** Where each row stands in its data set, from 0; absent for rows of no data set. */
  readonly rowNumbers?: Float64Array;
  readonly columns: Readonly<Record<string, ColumnValues>>;
}

/** A row of a chunk, for people, who count the rows of a data set from 1: `row 41`. */
export const rowNamed = ({ rowNumbers }: Pick<RowChunk, 'rowNumbers'>, index: number): string =>
  `row ${(rowNumbers?.[index] ?? index) + 1}`;

export interface ReadRowsOptions {
  part: Part | 'all';
  columns: readonly string[];
  /** Every chunk but the last has exactly this many rows. */
  chunkRows: number;
  /** Absent: the order of the file. */
  shuffle?: { seed: number; epoch: number };
}

/**
 * The rows of a part, chunk by chunk. Numbers and booleans (0, 1) come as Float32Array with NaN for a missing value, text
 * as strings with '' for a missing one, lists and images in forms of their own. The target of a classification comes as the
 * text of its label. A shuffled order is a sort by a seeded hash of the row number, so that it works beyond memory and
 * repeats everywhere.
 */
export async function* readRows(split: SplitTable, options: ReadRowsOptions): AsyncIterable<RowChunk> {
  const columns = options.columns.map((name) => columnOf(split, name));
  const plan: ReadingPlan = {
    plain: columns.flatMap(({ name, reference, reader }) => (reader ? [{ name, reference, reader }] : [])),
    long: await openLong(split, columns),
    capacity: options.chunkRows,
  };
  const values = plan.plain.map(({ reader, reference }, index) => `${reader.sql(reference)} AS v${index}`);
  const order = options.shuffle ? ` ORDER BY ${shuffledKey(options.shuffle)}` : '';
  const stream = split.table.session.stream(
    `SELECT ${[...values, 'row_number::DOUBLE AS at'].join(', ')} FROM ${split.relation(options.part)}${order}`,
  );
  let filling = newChunk(plan);
  for await (const chunk of stream) {
    for (let from = 0; from < chunk.rowCount; ) {
      from += fill(filling, chunk, from);
      if (filling.rows < options.chunkRows) continue;
      yield await finished(filling, plan);
      filling = newChunk(plan);
    }
  }
  if (filling.rows > 0) yield await finished(filling, plan);
}

const shuffledKey = ({ seed, epoch }: { seed: number; epoch: number }): string =>
  rowKey('row_number', seed, epoch);

interface ColumnReader {
  sql: (reference: string) => string;
  kind: 'float' | 'text';
}

const largestFloat = 3.4028234663852886e38;

const number: ColumnReader = {
  kind: 'float',
  sql: (reference) =>
    `CASE WHEN ${reference} IS NULL THEN 'nan'::FLOAT ELSE greatest(-${largestFloat}, least(${largestFloat}, ${reference}::DOUBLE))::FLOAT END`,
};
const boolean: ColumnReader = {
  kind: 'float',
  sql: (reference) => `coalesce(${reference}::INTEGER::FLOAT, 'nan'::FLOAT)`,
};
const text: ColumnReader = { kind: 'text', sql: (reference) => `coalesce(${reference}::VARCHAR, '')` };
/** JavaScript writes the number, so that the text is `String(value)` of the class. */
const numberLabel: ColumnReader = { kind: 'text', sql: (reference) => `${reference}::DOUBLE` };

type PlainType = Exclude<ColumnType, 'timestamp' | LongType>;

const featureReaders: Readonly<Record<PlainType, ColumnReader>> = { integer: number, number, boolean, text };
const labelReaders: typeof featureReaders = {
  integer: numberLabel,
  number: numberLabel,
  boolean: text,
  text,
};

interface AskedColumn {
  name: string;
  index: number;
  reference: string;
  /** Absent: lists or images, which are read by row number. */
  reader?: ColumnReader;
}

function columnOf({ table, target, task }: SplitTable, name: string): AskedColumn {
  const index = columnIndex(table, name);
  const asked = { name, index, reference: columnReference(index) };
  const type = table.columns[index]?.type ?? 'text';
  if (isLong(type)) return asked;
  if (type === 'timestamp') {
    throw new BadSpecError(
      `column '${name}' holds timestamps, which no model here reads; leave it out of the features`,
    );
  }
  const readers = name === target.name && task === 'classification' ? labelReaders : featureReaders;
  return { ...asked, reader: readers[type] };
}

interface NamedReader {
  name: string;
  reference: string;
  reader: ColumnReader;
}

interface ReadingPlan {
  plain: readonly NamedReader[];
  long: readonly { name: string; values: LongValues }[];
  /** Rows of a chunk. */
  capacity: number;
}

async function openLong(
  { table }: SplitTable,
  columns: readonly AskedColumn[],
): Promise<ReadingPlan['long']> {
  const long: { name: string; values: LongValues }[] = [];
  for (const { name, index, reader } of columns)
    if (!reader) long.push({ name, values: await table.longValues(index) });
  return long;
}

interface FillingChunk {
  rows: number;
  rowNumbers: Float64Array;
  /** In the order of the plan. */
  values: readonly ScalarValues[];
}

function newChunk({ plain, capacity }: ReadingPlan): FillingChunk {
  const values = plain.map(({ reader }) => (reader.kind === 'float' ? new Float32Array(capacity) : []));
  return { rows: 0, rowNumbers: new Float64Array(capacity), values };
}

/** Takes as many rows from `from` on as there is room for; the answer is how many. */
function fill(filling: FillingChunk, chunk: DuckDBDataChunk, from: number): number {
  const { rows, rowNumbers, values } = filling;
  const taken = Math.min(chunk.rowCount - from, rowNumbers.length - rows);
  for (const [index, column] of [...values, rowNumbers].entries()) {
    const vector = chunk.getColumnVector(index);
    for (let row = 0; row < taken; row++) {
      const value = vector.getItem(from + row);
      if (Array.isArray(column)) column.push(String(value));
      else column[rows + row] = Number(value);
    }
  }
  filling.rows += taken;
  return taken;
}

async function finished({ rows, rowNumbers, values }: FillingChunk, plan: ReadingPlan): Promise<RowChunk> {
  const columns: Record<string, ColumnValues> = Object.create(null);
  for (const [index, { name }] of plan.plain.entries()) {
    const column = values[index] ?? [];
    columns[name] = Array.isArray(column) ? column : column.subarray(0, rows);
  }
  for (const { name, values: long } of plan.long)
    columns[name] = await long.read(rowNumbers.subarray(0, rows));
  return { rows, rowNumbers: rowNumbers.subarray(0, rows), columns };
}
