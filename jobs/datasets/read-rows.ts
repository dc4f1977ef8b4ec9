import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { ColumnType } from '../../shared/contracts/dataset';
import { BadSpecError } from '../../shared/errors/job-errors';
import type { ColumnValues, ScalarValues } from './column-values';
import { columnIndex, columnReference } from './open-table';
import { rowKey } from './row-key';
import type { Part, SplitTable } from './split-table';

export type { ColumnValues } from './column-values';

export interface RowChunk {
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnValues>>;
}

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
 * as strings with '' for a missing one. The target of a classification comes as the text of its label. A shuffled order is
 * a sort by a seeded hash of the row number, so that it works beyond memory and repeats everywhere.
 */
export async function* readRows(split: SplitTable, options: ReadRowsOptions): AsyncIterable<RowChunk> {
  const readers = options.columns.map((name) => readerOf(split, name));
  const sql = readers.map(({ reader, reference }, index) => `${reader.sql(reference)} AS v${index}`);
  const order = options.shuffle ? ` ORDER BY ${shuffledKey(options.shuffle)}` : '';
  const stream = split.table.session.stream(
    `SELECT ${sql.join(', ')} FROM ${split.relation(options.part)}${order}`,
  );
  let filling = newChunk(readers, options.chunkRows);
  for await (const chunk of stream) {
    for (let from = 0; from < chunk.rowCount; ) {
      from += fill(filling, chunk, from);
      if (filling.rows < options.chunkRows) continue;
      yield finished(filling);
      filling = newChunk(readers, options.chunkRows);
    }
  }
  if (filling.rows > 0) yield finished(filling);
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

const featureReaders: Readonly<Record<Exclude<ColumnType, 'timestamp' | 'numbers' | 'image'>, ColumnReader>> =
  {
    integer: number,
    number,
    boolean,
    text,
  };
const labelReaders: typeof featureReaders = {
  integer: numberLabel,
  number: numberLabel,
  boolean: text,
  text,
};

interface NamedReader {
  name: string;
  reference: string;
  reader: ColumnReader;
}

function readerOf({ table, target, task }: SplitTable, name: string): NamedReader {
  const index = columnIndex(table, name);
  const type = table.columns[index]?.type ?? 'text';
  if (type === 'numbers' || type === 'image') throw new BadSpecError(`column '${name}' is of type ${type}`);
  if (type === 'timestamp') {
    throw new BadSpecError(
      `column '${name}' holds timestamps, which no model here reads; leave it out of the features`,
    );
  }
  const readers = name === target.name && task === 'classification' ? labelReaders : featureReaders;
  return { name, reference: columnReference(index), reader: readers[type] };
}

interface FillingColumn extends NamedReader {
  values: ScalarValues;
}

interface FillingChunk {
  rows: number;
  capacity: number;
  columns: readonly FillingColumn[];
}

function newChunk(readers: readonly NamedReader[], capacity: number): FillingChunk {
  const columns = readers.map((named) => ({
    ...named,
    values: named.reader.kind === 'float' ? new Float32Array(capacity) : [],
  }));
  return { rows: 0, capacity, columns };
}

/** Takes as many rows from `from` on as there is room for; the answer is how many. */
function fill(filling: FillingChunk, chunk: DuckDBDataChunk, from: number): number {
  const taken = Math.min(chunk.rowCount - from, filling.capacity - filling.rows);
  for (const [index, { values }] of filling.columns.entries()) {
    const vector = chunk.getColumnVector(index);
    for (let row = 0; row < taken; row++) {
      const value = vector.getItem(from + row);
      if (values instanceof Float32Array) values[filling.rows + row] = Number(value);
      else values.push(String(value));
    }
  }
  filling.rows += taken;
  return taken;
}

function finished({ rows, columns }: FillingChunk): RowChunk {
  const trimmed = columns.map(
    ({ name, values }) => [name, values instanceof Float32Array ? values.subarray(0, rows) : values] as const,
  );
  return { rows, columns: Object.fromEntries(trimmed) };
}
