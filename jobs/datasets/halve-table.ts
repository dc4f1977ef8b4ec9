import { z } from 'zod';
import { columnReference, type Table } from './open-table';
import { rowKey } from './row-key';
import type { SplitTable } from './split-table';

export interface HalveOptions {
  /** Rows without it are left out; absent: there is no truth, and every row counts. */
  readonly target?: string | undefined;
  readonly task: SplitTable['task'];
  readonly seed: number;
}

/** Rows dealt out evenly to `train` and `test` by a seeded hash of their numbers, whether they have a target or not. */
export async function halveTable(
  table: Table,
  { target: name, task, seed }: HalveOptions,
): Promise<SplitTable> {
  const index = table.columns.findIndex((column) => column.name === name);
  const target = table.columns[index] ?? { name: '', type: 'text' as const };
  const present = index < 0 ? 'true' : `${columnReference(index)} IS NOT NULL`;
  const isTest = `(${rowKey('row_number', seed)} >> 32) % 2 = 0`;
  const where = { all: present, test: `${present} AND ${isTest}`, train: `${present} AND NOT (${isTest})` };
  const count = z.coerce.number();
  const { test, train } = await table.session.row(
    z.object({ test: count, train: count }),
    `SELECT count(*) FILTER (${where.test}) AS test, count(*) FILTER (${where.train}) AS train FROM ${table.relation}`,
  );
  return {
    table,
    target,
    task,
    counts: { train, validation: 0, test, dropped: table.rows - train - test },
    relation: (part) =>
      `(SELECT * FROM ${table.relation} WHERE ${part === 'validation' ? 'false' : where[part]})`,
  };
}
