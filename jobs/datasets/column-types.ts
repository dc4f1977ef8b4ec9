import type { ColumnType } from '../../shared/contracts/dataset';
import { ingestLimits, largestExactInteger } from './ingest-limits';

/** How a column of some type of DuckDB becomes one of ours: SQL over the column's reference. */
export interface ColumnReading {
  type: ColumnType;
  sql: (reference: string) => string;
  /** SQL over all rows: true where the values do not all fit the type. */
  misfit: (reference: string) => string;
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

/** `undefined` for types that a table cannot hold: lists, structs, maps, binary. `sqlType` as DESCRIBE names it. */
export function readingOf(sqlType: string): ColumnReading | undefined {
  if (sqlType.endsWith(']')) return undefined;
  if (/^DECIMAL\(\d+,0\)$/.test(sqlType)) return integer;
  return readings[sqlType.replace(/\(.*\)$/s, '')];
}
