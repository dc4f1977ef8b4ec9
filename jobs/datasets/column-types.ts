import type { ColumnType } from '../../shared/contracts/dataset';

/** How a column of some type of DuckDB becomes one of ours: SQL over the column's reference. */
export interface ColumnReading {
  type: ColumnType;
  sql: (reference: string) => string;
}

const as = (type: ColumnType, sqlType: string): ColumnReading => ({
  type,
  sql: (reference) => `CAST(${reference} AS ${sqlType})`,
});

/** Not a number is a missing value: Parquet files out of dataframes use it as such. */
const float: ColumnReading = {
  type: 'number',
  sql: (reference) => `CASE WHEN isnan(${reference}) THEN NULL ELSE CAST(${reference} AS DOUBLE) END`,
};
const integer = as('integer', 'BIGINT');
/** May hold more than BIGINT can: whole numbers past 2^53 become text before that matters. */
const wideInteger = as('integer', 'HUGEINT');
const timestamp = as('timestamp', 'TIMESTAMP');
/** An empty text is a missing value, as it is in CSV. */
const text: ColumnReading = { type: 'text', sql: (reference) => `nullif(CAST(${reference} AS VARCHAR), '')` };

const readings: Readonly<Record<string, ColumnReading>> = {
  TINYINT: integer,
  SMALLINT: integer,
  INTEGER: integer,
  BIGINT: integer,
  UTINYINT: integer,
  USMALLINT: integer,
  UINTEGER: integer,
  UBIGINT: wideInteger,
  HUGEINT: wideInteger,
  FLOAT: float,
  DOUBLE: float,
  DECIMAL: as('number', 'DOUBLE'),
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
  'TIMESTAMP WITH TIME ZONE': {
    type: 'timestamp',
    sql: (reference) => `CAST(${reference} AT TIME ZONE 'UTC' AS TIMESTAMP)`,
  },
};

/** `undefined` for types that a table cannot hold: lists, structs, maps, binary. `sqlType` as DESCRIBE names it. */
export function readingOf(sqlType: string): ColumnReading | undefined {
  if (sqlType.endsWith(']')) return undefined;
  return readings[sqlType.replace(/\(.*\)$/s, '')];
}
