import { z } from 'zod';
import type { ColumnType, DatasetColumn } from '../../shared/contracts/dataset';
import { readMoments } from './moments';
import { columnReference, type Table } from './open-table';
import { readQuantiles } from './quantiles';
import { openSession, type Session, type SessionOptions } from './session';
import { readTopValues } from './top-values';

/** Up to this many distinct values are counted exactly; past it the count is HyperLogLog's estimate, right within a few percent. */
export const exactDistinct = 1_000_000;

const fractions = { p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95 } as const;

interface ColumnOfTable {
  session: Session;
  name: string;
  type: ColumnType;
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
export async function profileTable(
  table: Table,
  options: SessionOptions,
  onColumn: (done: number) => void,
): Promise<DatasetColumn[]> {
  const profiled: DatasetColumn[] = [];
  const adder = await openSession({ ...options, threads: 1 });
  try {
    for (const [index, { name, type }] of table.columns.entries()) {
      const column = {
        session: table.session,
        name,
        type,
        reference: columnReference(index),
        relation: table.relation,
      };
      profiled.push(await profileColumn(column, adder));
      onColumn(profiled.length);
    }
  } finally {
    await adder.close();
  }
  return profiled;
}

async function profileColumn(column: ColumnOfTable, adder: Session): Promise<DatasetColumn> {
  const { name, type } = column;
  const summary = await summarize(column);
  const plain = { name, type, missing: summary.missing, distinct: summary.distinct };
  if (summary.present === 0) return plain;
  if (type === 'text' && isNearlyUnique(summary)) return plain;
  if (type === 'text')
    return {
      ...plain,
      top_values: await readTopValues(column.session, { ...column, distinct: summary.distinct }),
    };
  return type === 'integer' || type === 'number'
    ? { ...plain, ...(await profileNumbers(column, summary, adder)) }
    : plain;
}

/** Ids and free text have no values worth a list, and in a large file it would take longer than all else. */
const isNearlyUnique = ({ present, distinct }: Summary): boolean =>
  distinct > exactDistinct && distinct > present / 2;

async function summarize({ session, reference, relation }: ColumnOfTable): Promise<Summary> {
  const count = z.coerce.number();
  const { present, missing, about } = await session.row(
    z.object({ present: count, missing: count, about: count }),
    `SELECT count(${reference}) AS present, count(*) - count(${reference}) AS missing, approx_count_distinct(${reference}) AS about FROM ${relation}`,
  );
  if (present > exactDistinct && about > exactDistinct)
    return { present, missing, distinct: Math.min(about, present) };
  const { distinct } = await session.row(
    z.object({ distinct: count }),
    `SELECT count(DISTINCT ${reference}) AS distinct FROM ${relation}`,
  );
  return { present, missing, distinct };
}

async function profileNumbers(
  { session, reference, relation }: ColumnOfTable,
  { present }: Summary,
  adder: Session,
) {
  const value = `CAST(${reference} AS DOUBLE)`;
  const { low, high } = await session.row(
    z.object({ low: z.number(), high: z.number() }),
    `SELECT min(${value}) AS low, max(${value}) AS high FROM ${relation}`,
  );
  const { mean, standardDeviation } = await readMoments(adder, {
    value,
    relation,
    extreme: Math.max(-low, high),
  });
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
