import { z } from 'zod';
import { columnIndex, columnReference } from './open-table';
import type { SplitTable } from './split-table';

export type ClassValue = string | number | boolean;

/**
 * The classes that a classification tells apart, of all parts, sorted: numbers by size, texts by code point, false before
 * true. `String(value)` is the label's text in the rows that `readRows` reads.
 */
export async function readClasses(split: SplitTable): Promise<ClassValue[]> {
  const reference = columnReference(columnIndex(split.table, split.target.name, 'target'));
  const value = numeric(split.target.type) ? `CAST(${reference} AS DOUBLE)` : reference;
  const classes = await split.table.session.rows(
    z.object({ value: z.union([z.string(), z.number(), z.boolean()]) }),
    `SELECT DISTINCT ${value} AS value FROM ${split.relation('all')} ORDER BY value`,
  );
  return classes.map(({ value }) => value);
}

const numeric = (type: string): boolean => type === 'integer' || type === 'number';
