import { z } from 'zod';
import type { ColumnType } from '../../shared/contracts/dataset';
import { inSlices } from './in-slices';
import { ingestLimits } from './ingest-limits';
import { isLong, type LongType } from './long-values';
import { readMoments } from './moments';
import { columnIndex, columnReference } from './open-table';
import { readQuantiles } from './quantiles';
import { openSession, type Session } from './session';
import type { SplitTable } from './split-table';
import { readTopValues } from './top-values';

export interface NumberStatistics {
  name: string;
  kind: 'number';
  missing: number;
  median: number;
  mean: number;
  /** Of the whole part, not of a sample: divides by n. */
  standardDeviation: number;
}

export interface CategoryStatistics {
  name: string;
  kind: 'category';
  missing: number;
  /** Most frequent first, ties by value; the values past the limit count as unseen. */
  categories: readonly { value: string; count: number }[];
}

/** A column that can teach a model nothing. */
export interface UnusedColumn {
  name: string;
  kind: 'unused';
  why: string;
}

export type ColumnStatistics = NumberStatistics | CategoryStatistics | UnusedColumn;

/** More categories than this are one-hot columns for a handful of rows each. */
const mostCategories = 128;

/**
 * What preprocessing needs to know of these columns, of the training part only: no row of the other parts may leak into the
 * model. A boolean is a number here, 0 or 1, as in the rows that `readRows` reads. One thread adds up, so that the same
 * data give the same bits.
 */
export async function fitStatistics(
  split: SplitTable,
  columns: readonly string[],
): Promise<ColumnStatistics[]> {
  const session = await openSession({ scratch: split.table.session.folder, threads: 1 });
  const asked = columns.map((name) => {
    const index = columnIndex(split.table, name);
    return { name, type: split.table.columns[index]?.type ?? 'text', reference: columnReference(index) };
  });
  const plain = asked.flatMap(({ type, ...column }) => (isLong(type) ? [] : [{ ...column, type }]));
  try {
    const fitted = await inSlices(
      session,
      { relationOf: () => split.relation('train'), columns: plain },
      (column, relation) => fitters[column.type]({ ...column, session, relation }),
    );
    const byName = new Map(fitted.map((column) => [column.name, column]));
    return asked.map(({ name, type }) => byName.get(name) ?? unused(name, unreadable[type] ?? ''));
  } finally {
    await session.close();
  }
}

/** What one number a column cannot stand for. */
const unreadable: Partial<Record<ColumnType, string>> = {
  numbers:
    'it holds lists of numbers, which this model does not read; choose the family cnn, rnn or transformer',
  image: 'it holds images, which this model does not read; choose the family cnn',
};

type PlainType = Exclude<ColumnType, LongType>;

const fitters: Readonly<Record<PlainType, (asked: AskedColumn) => Promise<ColumnStatistics>>> = {
  integer: fitNumber,
  number: fitNumber,
  boolean: fitNumber,
  text: fitCategory,
  timestamp: async ({ name }) => unused(name, 'it holds timestamps, which no model here reads yet'),
};

interface AskedColumn {
  session: Session;
  name: string;
  reference: string;
  relation: string;
}

const unused = (name: string, why: string): UnusedColumn => ({ name, kind: 'unused', why });
const count = z.coerce.number();

async function fitNumber({ session, name, reference, relation }: AskedColumn): Promise<ColumnStatistics> {
  const value = `${reference}::DOUBLE`;
  const { present, missing, low, high } = await session.row(
    z.object({ present: count, missing: count, low: z.number().nullable(), high: z.number().nullable() }),
    `SELECT count(${reference}) AS present, count(*) - count(${reference}) AS missing, min(${value}) AS low, max(${value}) AS high FROM ${relation}`,
  );
  if (present === 0 || low === null || high === null) return unused(name, 'all its values are missing');
  if (low === high) return unused(name, `it is constant: every value is ${low}`);
  const { mean, standardDeviation } = await readMoments(session, {
    value,
    relation,
    extreme: Math.max(-low, high),
  });
  const [median = mean] = await readQuantiles(session, { value, relation, present, fractions: [0.5] });
  return { name, kind: 'number', missing, median, mean, standardDeviation };
}

/** From this many values on, and with nearly each its own, a text is an id or free text rather than a category. */
const fewestForId = 10;
const idShare = 0.9;

async function fitCategory({ session, name, reference, relation }: AskedColumn): Promise<ColumnStatistics> {
  const { present, missing, values } = await session.row(
    z.object({ present: count, missing: count, values: count }),
    `SELECT count(${reference}) AS present, count(*) - count(${reference}) AS missing, count(DISTINCT ${reference}) AS values FROM ${relation}`,
  );
  if (present === 0) return unused(name, 'all its values are missing');
  if (values === 1 && missing === 0) return unused(name, 'it is constant: every value is the same');
  if (present >= fewestForId && values >= idShare * present) {
    return unused(name, `it reads like an id or free text: ${values} of ${present} values are distinct`);
  }
  const categories = await readTopValues(session, {
    reference,
    relation,
    distinct: values,
    most: mostCategories,
    longest: ingestLimits.fieldBytes,
  });
  return { name, kind: 'category', missing, categories };
}
