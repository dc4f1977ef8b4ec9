import { z } from 'zod';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { type Task, timestampTarget } from './infer-task';
import { columnReference, type Table, type TableColumn } from './open-table';

/** More classes than this is a sign of an id or of free text, and more than a one-hot target should carry. */
export const mostClasses = 1_000;

export interface TargetOfTable {
  index: number;
  target: TableColumn;
  task: Task;
}

const counted = z.object({ present: z.coerce.number(), distinct_values: z.coerce.number() });

/** Refuses a target that nothing can be learned of; the answer is how many rows have one. */
export async function checkTarget(table: Table, { index, target, task }: TargetOfTable): Promise<number> {
  if (target.type === 'timestamp') throw timestampTarget(target.name);
  if (task === 'regression' && target.type === 'text') throw textRegression(target.name);
  const reference = columnReference(index);
  const { present, distinct_values } = await table.session.row(
    counted,
    `SELECT count(${reference}) AS present, count(DISTINCT ${reference}) AS distinct_values FROM ${table.relation}`,
  );
  if (present === 0) throw allMissing(target.name, table.rows);
  if (distinct_values === 1) throw constant(target.name, present);
  if (task === 'classification' && distinct_values > mostClasses)
    throw tooManyClasses(target, distinct_values);
  return present;
}

function textRegression(name: string): UnusableDataError {
  return new UnusableDataError(
    `the target '${name}' is text, and a regression predicts numbers; ask for a classification, or mend the values that are not numbers`,
    'target_type',
  );
}

function allMissing(name: string, rows: number): UnusableDataError {
  return new UnusableDataError(
    `the target '${name}' is missing in all ${rows} rows; give a column that has values`,
    'target_all_missing',
  );
}

function constant(name: string, rows: number): UnusableDataError {
  return new UnusableDataError(
    `the target '${name}' has the same value in all ${rows} rows that have one, so there is nothing to learn; give a column that varies`,
    'target_constant',
  );
}

function tooManyClasses({ name, type }: TableColumn, classes: number): UnusableDataError {
  const instead =
    type === 'text'
      ? 'group the rare ones'
      : "ask for a regression (task: 'regression'), or group the rare ones";
  return new UnusableDataError(
    `the target '${name}' has ${classes} classes and at most ${mostClasses} are allowed; ${instead}`,
    'too_many_classes',
    { classes, limit: mostClasses },
  );
}
