import type { ColumnType } from '../../shared/contracts/dataset';
import { ingestLimits, largestExactInteger } from './ingest-limits';

/** How a column of some type of DuckDB becomes one of ours: SQL over the column's reference. */
export interface ColumnReading {
  type: ColumnType;
  sql: (reference: string) => string;
  /** SQL over all rows: true where the values do not all fit the type. */
  misfit: (reference: string) => string;
  /** The same of one row. */
  isMisfit?: (reference: string) => string;
}

/** Reads the column all the same, so that a broken page is found. */
const nothing = (reference: string): string => `count(${reference}) < 0`;
const as = (type: ColumnType, sqlType: string): ColumnReading => ({
  type,
  sql: (reference) => `CAST(${reference} AS ${sqlType})`,
  misfit: nothing,
});

/** Not a number is a missing value: Parquet files out of dataframes use it as such. */
const float: ColumnReading = {
  type: 'number',
  sql: (reference) => `CASE WHEN isnan(${reference}) THEN NULL ELSE CAST(${reference} AS DOUBLE) END`,
  misfit: (reference) => `bool_or(isinf(${reference}))`,
};
const integer: ColumnReading = {
  ...as('integer', 'BIGINT'),
  misfit: (reference) =>
    `bool_or(${reference} NOT BETWEEN -${largestExactInteger} AND ${largestExactInteger})`,
};
const decimal = as('number', 'DOUBLE');
const timestamp = as('timestamp', 'TIMESTAMP');
/** An empty text is a missing value, as it is in CSV. */
const text: ColumnReading = {
  type: 'text',
  sql: (reference) => `nullif(CAST(${reference} AS VARCHAR), '')`,
  misfit: (reference) => `max(strlen(CAST(${reference} AS VARCHAR))) > ${ingestLimits.fieldBytes}`,
};
const zoned: ColumnReading = {
  ...timestamp,
  sql: (reference) => `CAST(${reference} AT TIME ZONE 'UTC' AS TIMESTAMP)`,
};

const readings: Readonly<Record<string, ColumnReading>> = {
  TINYINT: integer,
  SMALLINT: integer,
  INTEGER: integer,
  BIGINT: integer,
  UTINYINT: integer,
  USMALLINT: integer,
  UINTEGER: integer,
  UBIGINT: integer,
  HUGEINT: integer,
  FLOAT: float,
  DOUBLE: float,
  DECIMAL: decimal,
  BOOLEAN: as('boolean', 'BOOLEAN'),
  VARCHAR: text,
  ENUM: text,
  UUID: text,
  TIME: text,
  DATE: timestamp,
  TIMESTAMP: timestamp,
  TIMESTAMP_S: timestamp,
  TIMESTAMP_MS: timestamp,
  TIMESTAMP_NS: timestamp,
  'TIMESTAMP WITH TIME ZONE': zoned,
};

/** Not null, not infinite and, where they are whole, not changed by becoming a double. */
const misfitsInList = (reference: string): string =>
  `len(${reference}) > list_count(${reference}) OR NOT isfinite(list_max(${reference})::DOUBLE) OR NOT isfinite(list_min(${reference})::DOUBLE)`;
const wideInList = (reference: string): string =>
  `list_max(${reference}) > ${largestExactInteger} OR list_min(${reference}) < -${largestExactInteger}`;

const listOf = (inner: ColumnReading): ColumnReading => {
  const isMisfit = (reference: string) =>
    `(${misfitsInList(reference)}${inner === integer ? ` OR ${wideInList(reference)}` : ''})`;
  return { ...as('numbers', 'DOUBLE[]'), misfit: (reference) => `bool_or(${isMisfit(reference)})`, isMisfit };
};

const image: ColumnReading = { type: 'image', sql: (reference) => reference, misfit: nothing };

/** `undefined` for types that a table cannot hold: lists of other than numbers, structs, maps. `sqlType` as DESCRIBE names it. */
export function readingOf(sqlType: string): ColumnReading | undefined {
  const [, itemType] = /^(.*)\[\d*\]$/s.exec(sqlType) ?? [];
  if (itemType !== undefined) {
    const item = readingOf(itemType);
    return item?.type === 'integer' || item?.type === 'number' ? listOf(item) : undefined;
  }
  if (sqlType === 'BLOB') return image;
  if (/^DECIMAL\(\d+,0\)$/.test(sqlType)) return integer;
  return readings[sqlType.replace(/\(.*\)$/s, '')];
}
