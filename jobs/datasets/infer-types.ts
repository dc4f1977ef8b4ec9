import { z } from 'zod';
import type { ColumnType } from '../../shared/contracts/dataset';
import { largestExactInteger } from './ingest-limits';
import { quoteText } from './quote-sql';
import type { Session } from './session';

/** What one value, as text, could be; the bits of a column's values are added up by OR. */
const valueBit = {
  integer: 1,
  wideInteger: 2,
  number: 4,
  boolean: 8,
  timestamp: 16,
  text: 32,
  missingToken: 64,
} as const;

/**
 * Texts that stand for a missing value, blanks around them aside and with exactly this spelling: R's, pandas', SQL's, JSON's
 * and the UCI repository's. An empty field is missing too.
 */
const missingPattern = '\\s*(?:NA|N/A|NaN|null|\\?)\\s*';

/** No leading zeros: 007 is an id. */
const integerPattern = '\\s*[+-]?(?:0|[1-9][0-9]*)\\s*';
const numberPattern = '\\s*[+-]?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?\\s*';
const wordPattern = '\\s*(?:true|false|True|False|TRUE|FALSE|NA|N/A|NaN|null|\\?)\\s*';
/** ISO 8601 dates and times; without an offset they are UTC. Other orders of day and month are a guess, so they stay text. */
const timestampPattern =
  '\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::[0-9]{2})?)?)?\\s*';

const matches = (text: string, pattern: string): string =>
  `regexp_full_match(${text}, ${quoteText(pattern)})`;

/**
 * Not `IN`: DuckDB makes a join of it, and a join loses the order of the rows. Nor tests joined by OR and AND, which take its
 * optimizer the square of the number of columns.
 */
const isMissingToken = (text: string): string => matches(text, missingPattern);

/**
 * SQL of the bit of a text; 0 where it is null. A number that is not finite, or a date that is none, is text. Texts under ':'
 * begin with a digit, a sign or a blank, and only those can be numbers and times: that saves all others four patterns.
 */
export function bitOfText(text: string): string {
  return `CASE WHEN ${text} IS NULL THEN 0 WHEN ${text} < ':' THEN ${bitOfFigures(text)} ELSE ${bitOfWord(text)} END`;
}

function bitOfFigures(text: string): string {
  return `CASE
    WHEN ${matches(text, integerPattern)} THEN ${bitOfInteger(text)}
    WHEN ${matches(text, numberPattern)} THEN CASE WHEN isfinite(TRY_CAST(${text} AS DOUBLE)) THEN ${valueBit.number} ELSE ${valueBit.text} END
    WHEN ${isTimestamp(text)} THEN ${valueBit.timestamp}
    WHEN ${text} < '!' THEN ${bitOfWord(text)}
    ELSE ${valueBit.text} END`;
}

function bitOfWord(text: string): string {
  return `CASE WHEN ${matches(text, wordPattern)}
    THEN CASE WHEN ${isMissingToken(text)} THEN ${valueBit.missingToken} ELSE ${valueBit.boolean} END
    ELSE ${valueBit.text} END`;
}

/** The same for a text that its format marks as text: only a time, or the lack of a value, can be meant otherwise. */
export function bitOfString(text: string): string {
  return `CASE WHEN ${isTimestamp(text)} THEN ${valueBit.timestamp} WHEN ${isMissingToken(text)} THEN ${valueBit.missingToken} ELSE ${valueBit.text} END`;
}

const isTimestamp = (text: string): string =>
  `${matches(text, timestampPattern)} AND TRY_CAST(${trimmed(text)} AS TIMESTAMPTZ) IS NOT NULL`;

/** Without the blanks of the patterns: casts to numbers pass over them, others do not. */
const trimmed = (text: string): string => `trim(${text}, ${quoteText(' \t\n\r\f')})`;

function bitOfInteger(text: string): string {
  const exact = `TRY_CAST(${text} AS BIGINT) BETWEEN -${largestExactInteger} AND ${largestExactInteger}`;
  return `CASE WHEN ${exact} THEN ${valueBit.integer} ELSE ${valueBit.wideInteger} END`;
}

/** What a text can be: lists and images are never told from text. */
export type InferredType = Exclude<ColumnType, 'numbers' | 'image'>;

/**
 * The type that holds every value of a column. Whole numbers past 2^53 alone stay text, digit by digit, because they are
 * ids; one value that fits nothing else makes the column text, and so does a column of missing values.
 */
export function typeOfBits(bits: number): InferredType {
  const values = bits & ~valueBit.missingToken;
  const only = (allowed: number) => values !== 0 && (values & ~allowed) === 0;
  if (only(valueBit.integer)) return 'integer';
  if (only(valueBit.integer | valueBit.wideInteger)) return 'text';
  if (only(valueBit.integer | valueBit.wideInteger | valueBit.number)) return 'number';
  if (only(valueBit.boolean)) return 'boolean';
  return only(valueBit.timestamp) ? 'timestamp' : 'text';
}

const casts: Readonly<Record<InferredType, (text: string) => string>> = {
  integer: (text) => `CAST(${text} AS BIGINT)`,
  number: (text) => `CAST(${text} AS DOUBLE)`,
  boolean: (text) => `CAST(${trimmed(text)} AS BOOLEAN)`,
  timestamp: (text) => `CAST(CAST(${trimmed(text)} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)`,
  text: (text) => text,
};

/** SQL of a text as the type of its column's bits; one that does not fit is an error, never a missing value. */
export function typedValue(text: string, bits: number): string {
  const cast = casts[typeOfBits(bits)](text);
  return bits & valueBit.missingToken ? `CASE WHEN ${isMissingToken(text)} THEN NULL ELSE ${cast} END` : cast;
}

export interface ValuesRead {
  rows: number;
  /** One of bits for each column. */
  bits: number[];
  /** Bytes of all values as text, as the reader made them. */
  contentBytes: number;
}

/** Columns of one query: each takes memory for a vector of every expression. */
const columnsPerQuery = 500;

/** Looks at every value of every column once. `bit` and `bytes` are SQL over a column's reference; null values have no bit. */
export async function inferTypes(
  session: Session,
  source: { relation: string; references: readonly string[]; bit: (reference: string) => string },
): Promise<ValuesRead> {
  const read: ValuesRead = { rows: 0, bits: [], contentBytes: 0 };
  for (let from = 0; from === 0 || from < source.references.length; from += columnsPerQuery) {
    const references = source.references.slice(from, from + columnsPerQuery);
    const bits = references.map((reference) => `coalesce(bit_or(${source.bit(reference)}), 0)`);
    const bytes = references.map((reference) => `coalesce(strlen(${reference}), 0)`);
    const answer = await session.row(
      z.object({ rows: z.coerce.number(), bits: z.array(z.coerce.number()), bytes: z.coerce.number() }),
      `SELECT count(*) AS rows, [${bits.join(', ')}]::BIGINT[] AS bits, coalesce(sum(${['0', ...bytes].join(' + ')}), 0) AS bytes FROM ${source.relation}`,
    );
    read.rows = answer.rows;
    read.bits.push(...answer.bits);
    read.contentBytes += answer.bytes;
  }
  return read;
}
