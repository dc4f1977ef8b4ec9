import { z } from 'zod';
import { checkTarget, checkTargetType, type Task } from '../../shared/datasets/check-target';
import { columnReference, type Table, type TableColumn } from './open-table';

export interface TargetOfTable {
  index: number;
  target: TableColumn;
  task: Task;
}

const counted = z.object({ present: z.coerce.number(), distinct: z.coerce.number() });

/** Refuses a target that nothing can be learned of; the answer is how many rows have one. */
export async function requireUsableTarget(
  table: Table,
  { index, target, task }: TargetOfTable,
): Promise<number> {
  checkTargetType(target);
  const reference = columnReference(index);
  const counts = await table.session.row(
    counted,
    `SELECT count(${reference}) AS present, count(DISTINCT ${reference}) AS "distinct" FROM ${table.relationOf([reference])}`,
  );
  checkTarget({ name: target.name, type: target.type, task, rows: table.rows, ...counts });
  return counts.present;
}
