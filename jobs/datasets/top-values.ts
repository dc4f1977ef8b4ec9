import { z } from 'zod';
import type { Session } from './session';

export interface TopValuesAsked {
  reference: string;
  relation: string;
  /** How many distinct values there are, about. */
  distinct: number;
  /** How many to list. */
  most: number;
  /** In bytes: longer texts are left out. */
  longest: number;
}

/** Groups that one pass holds in memory. */
const groupsPerPass = 500_000;

const valueCount = z.object({ value: z.string(), count: z.coerce.number() });

/**
 * The most frequent texts of a column, ties by value. Exact: where there are too many to count at once, each pass takes the
 * values of one bucket of hashes, whole.
 */
export async function readTopValues(
  session: Session,
  { reference, relation, distinct, most, longest }: TopValuesAsked,
) {
  const passes = Math.max(1, Math.ceil(distinct / groupsPerPass));
  let top: z.infer<typeof valueCount>[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const found = await session.rows(
      valueCount,
      `SELECT ${reference} AS value, count(*) AS count FROM ${relation}
       WHERE strlen(${reference}) <= ${longest} AND hash(${reference}) % ${passes} = ${pass}
       GROUP BY value ORDER BY count DESC, value LIMIT ${most}`,
    );
    top = [...top, ...found].sort(byCountThenValue).slice(0, most);
  }
  return top;
}

const byCountThenValue = (a: z.infer<typeof valueCount>, b: z.infer<typeof valueCount>): number =>
  b.count - a.count || Buffer.compare(Buffer.from(a.value), Buffer.from(b.value));
