import { z } from 'zod';
import { columnIndex, columnReference } from './open-table';
import type { Part, SplitTable } from './split-table';

export type ClassValue = string | number | boolean;

/**
 * The classes that a classification tells apart, of all parts, sorted: numbers by size, texts by code point, false before
 * true. `String(value)` is the label's text in the rows that `readRows` reads.
 */
export async function readClasses(split: SplitTable): Promise<ClassValue[]> {
  const classes = await split.table.session.rows(
    z.object({ value: classValue }),
    `SELECT DISTINCT ${targetValue(split)} AS value FROM ${split.relation('all')} ORDER BY value`,
  );
  return classes.map(({ value }) => value);
}

/** How many rows of a part each class has, by its label's text; a class without any is not there. */
export async function countClasses(split: SplitTable, part: Part): Promise<ReadonlyMap<string, number>> {
  const counts = await split.table.session.rows(
    z.object({ value: classValue, rows: z.coerce.number() }),
    `SELECT ${targetValue(split)} AS value, count(*) AS rows FROM ${split.relation(part)} GROUP BY value`,
  );
  return new Map(counts.map(({ value, rows }) => [String(value), rows]));
}

const classValue = z.union([z.string(), z.number(), z.boolean()]);

function targetValue({ table, target }: SplitTable): string {
  const reference = columnReference(columnIndex(table, target.name, 'target'));
  return numeric(target.type) ? `CAST(${reference} AS DOUBLE)` : reference;
}

const numeric = (type: string): boolean => type === 'integer' || type === 'number';
