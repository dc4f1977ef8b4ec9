import type { Part, SplitTable } from '../datasets/split-table';

/** One part of a split as a table of its own: whole, or its first rows. */
export function partOf(split: SplitTable, part: Part, mostRows = Number.POSITIVE_INFINITY): SplitTable {
  const rows = Math.min(split.counts[part], mostRows);
  const whole = rows === split.counts[part];
  const relation = whole ? split.relation(part) : `(SELECT * FROM ${split.relation(part)} LIMIT ${rows})`;
  return { ...split, counts: { train: 0, validation: 0, test: rows, dropped: 0 }, relation: () => relation };
}
