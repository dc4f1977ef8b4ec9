import { z } from 'zod';
import { checkTargetType, type Task } from '../../shared/datasets/check-target';
import { columnIndex, columnReference, type Table } from './open-table';

/** A number target with at most this many values, all whole, names classes. */
const mostNumberClasses = 20;

const counted = z.object({ whole: z.boolean().nullable(), distinct_values: z.coerce.number() });

/** Text, boolean, or at most 20 distinct whole numbers mean classification; every other number means regression. */
export async function inferTask(table: Table, target: string): Promise<Task> {
  const index = columnIndex(table, target, 'target');
  const type = table.columns[index]?.type ?? 'text';
  checkTargetType({ name: target, type });
  if (type === 'text' || type === 'boolean') return 'classification';
  const reference = columnReference(index);
  const { whole, distinct_values } = await table.session.row(
    counted,
    `SELECT bool_and(${reference} = trunc(${reference})) AS whole, count(DISTINCT ${reference}) AS distinct_values FROM ${table.relationOf([reference])}`,
  );
  return whole && distinct_values <= mostNumberClasses ? 'classification' : 'regression';
}
