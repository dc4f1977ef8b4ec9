import { z } from 'zod';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { columnIndex, columnReference, type Table } from './open-table';

export type Task = 'classification' | 'regression';

/** A number target with at most this many values, all whole, names classes. */
const mostNumberClasses = 20;

const counted = z.object({ whole: z.boolean().nullable(), distinct_values: z.coerce.number() });

/** Text, boolean, or at most 20 distinct whole numbers mean classification; every other number means regression. */
export async function inferTask(table: Table, target: string): Promise<Task> {
  const index = columnIndex(table, target, 'target');
  const type = table.columns[index]?.type;
  if (type === 'timestamp') throw timestampTarget(target);
  if (type === 'text' || type === 'boolean') return 'classification';
  const reference = columnReference(index);
  const { whole, distinct_values } = await table.session.row(
    counted,
    `SELECT bool_and(${reference} = trunc(${reference})) AS whole, count(DISTINCT ${reference}) AS distinct_values FROM ${table.relation}`,
  );
  return whole && distinct_values <= mostNumberClasses ? 'classification' : 'regression';
}

export function timestampTarget(target: string): UnusableDataError {
  return new UnusableDataError(
    `the target '${target}' holds timestamps, which no model here predicts; give a text, boolean or number column, such as the days until that time`,
    'target_type',
  );
}
