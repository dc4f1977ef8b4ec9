import { z } from 'zod';
import type { ColumnType, DatasetColumn } from '../../shared/contracts/dataset';
import { inSlices } from './in-slices';
import { isLong } from './long-values';
import { readMoments } from './moments';
import { columnReference, type Table, type TableColumn } from './open-table';
import { readQuantiles } from './quantiles';
import type { Session } from './session';
import { readTopValues } from './top-values';

/** Up to this many distinct values are counted one by one; past it the count is HyperLogLog's estimate, right within a few percent. */
const exactDistinct = 1_000_000;

const fractions = { p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95 } as const;
/** Longer texts are no categories, and a profile is to be read. */
const listed = { most: 10, longest: 200 };
const count = z.coerce.number();

interface ColumnOfTable extends TableColumn {
  session: Session;
  reference: string;
  relation: string;
}

interface Summary {
  present: number;
  missing: number;
  distinct: number;
}

/**
 * What each column of a table holds. Counts, ranges, quantiles and top values are exact at any size; mean and standard
 * deviation (of the population) are added up by one thread, so that the same file has the same profile to the last bit.
 */
export async function profileTable(table: Table, onColumn: (done: number) => void): Promise<DatasetColumn[]> {
  const columns = table.columns.map((column, index) => ({ ...column, reference: columnReference(index) }));
  let done = 0;
  const profile = async (column: (typeof columns)[number], relation: string) => {
    const profiled = await profileColumn({ ...column, session: table.session, relation });
    onColumn(++done);
    return profiled;
  };
  const plain = columns.filter(({ type }) => !isLong(type));
  const profiled = await inSlices(table.session, { relationOf: table.relationOf, columns: plain }, profile);
  for (const column of columns.filter(({ type }) => isLong(type)))
    profiled.splice(columns.indexOf(column), 0, await profile(column, table.relationOf([column.reference])));
  return profiled;
}

async function profileColumn(column: ColumnOfTable): Promise<DatasetColumn> {
  const { name, type } = column;
  const summary = await summarize(column);
  const { present, ...counts } = summary;
  const more = present === 0 ? {} : await profiles[type](column, summary);
  return { name, type, ...counts, ...more };
}

const profiles: Readonly<
  Record<ColumnType, (column: ColumnOfTable, summary: Summary) => Promise<Partial<DatasetColumn>>>
> = {
  integer: profileNumbers,
  number: profileNumbers,
  text: profileTexts,
  boolean: async () => ({}),
  timestamp: async () => ({}),
  numbers: profileLists,
  image: async () => ({}),
};

const hashed: ReadonlySet<ColumnType> = new Set(['text', 'numbers', 'image']);

async function summarize({ session, type, reference, relation }: ColumnOfTable): Promise<Summary> {
  const { present, missing, about } = await session.row(
    z.object({ present: count, missing: count, about: count }),
    `SELECT count(${reference}) AS present, count(*) - count(${reference}) AS missing, approx_count_distinct(${reference}) AS about FROM ${relation}`,
  );
  if (about > exactDistinct) return { present, missing, distinct: Math.min(about, present) };
  // Of long values, hashes of 64 bits are counted: among a million, two are alike once in 30 million files.
  const counted = hashed.has(type) ? `hash(${reference})` : reference;
  const { distinct } = await session.row(
    z.object({ distinct: count }),
    `SELECT count(DISTINCT ${counted}) AS distinct FROM ${relation} WHERE ${reference} IS NOT NULL`,
  );
  return { present, missing, distinct };
}

async function profileNumbers(
  { session, reference, relation }: ColumnOfTable,
  { present }: Summary,
): Promise<Partial<DatasetColumn>> {
  const value = `CAST(${reference} AS DOUBLE)`;
  const { low, high } = await session.row(
    z.object({ low: z.number(), high: z.number() }),
    `SELECT min(${value}) AS low, max(${value}) AS high FROM ${relation}`,
  );
  const moments = { value, relation, extreme: Math.max(-low, high) };
  const { mean, standardDeviation } = await session.withOneThread(() => readMoments(session, moments));
  const quantiles = await readQuantiles(session, {
    value,
    relation,
    present,
    fractions: Object.values(fractions),
  });
  const [p05 = low, p25 = low, p50 = low, p75 = low, p95 = low] = quantiles;
  return {
    min: low,
    max: high,
    mean,
    standard_deviation: standardDeviation,
    quantiles: { p05, p25, p50, p75, p95 },
  };
}

async function profileLists({
  session,
  reference,
  relation,
}: ColumnOfTable): Promise<Partial<DatasetColumn>> {
  const lengths = await session.row(
    z.object({ min: count, max: count, mean: z.number() }),
    `SELECT min(len(${reference})) AS min, max(len(${reference})) AS max, avg(len(${reference})) AS mean FROM ${relation}`,
  );
  const { min, max, whole } = await session.row(
    z.object({ min: z.number().nullable(), max: z.number().nullable(), whole: z.boolean().nullable() }),
    `SELECT min(value) AS min, max(value) AS max, bool_and(value = trunc(value)) AS whole FROM (SELECT unnest(${reference}) AS value FROM ${relation})`,
  );
  return {
    length: lengths,
    ...(min === null || max === null ? {} : { min, max, whole: whole === true }),
  };
}

/** Ids and free text have no values worth a list, and in a large file it would take longer than all else. */
async function profileTexts(
  column: ColumnOfTable,
  { present, distinct }: Summary,
): Promise<Partial<DatasetColumn>> {
  if (distinct > exactDistinct && distinct > present / 2) return {};
  return { top_values: await readTopValues(column.session, { ...column, ...listed, distinct }) };
}
