import type { DatasetColumn, DatasetProfile } from '../../shared/contracts/dataset';
import type { JobSpec } from '../../shared/contracts/job';
import { checkLoss } from '../../shared/datasets/check-loss';
import { checkTeacher } from '../../shared/datasets/check-teacher';
import { type JobInputStores, requireVersion } from './job-inputs';

/** Types of targets that are always classes. */
const classTypes: readonly string[] = ['text', 'boolean'];

/** The classes as text, where a profile lists all of them. */
function classesIn({ type, distinct, top_values: top = [] }: DatasetColumn): string[] | undefined {
  if (type === 'boolean' && distinct === 2) return ['false', 'true'];
  return type === 'text' && top.length === distinct ? top.map(({ value }) => value) : undefined;
}

/** Refuses a loss that the target cannot be held against, as far as its data set's profile tells. */
export function refuseLoss(
  { loss, target, task }: Pick<JobSpec<'train'>, 'loss' | 'target' | 'task'>,
  { columns }: Pick<DatasetProfile, 'columns'>,
): void {
  const column = columns.find(({ name }) => name === target);
  if (loss === undefined || column === undefined) return;
  const isClassification = task === 'classification' || classTypes.includes(column.type);
  checkLoss({
    loss,
    at: '/spec',
    task: task ?? (isClassification ? 'classification' : undefined),
    classes: isClassification ? classesIn(column) : undefined,
  });
}

/** Refuses a teacher that cannot teach, as far as its signature and the data set's profile tell. */
export async function refuseTeacher(
  asked: { stores: JobInputStores; tenant: string },
  { loss, target }: Pick<JobSpec<'train'>, 'loss' | 'target'>,
  { columns }: Pick<DatasetProfile, 'columns'>,
): Promise<void> {
  if (loss?.name !== 'kl_divergence') return;
  const { model } = await requireVersion(asked, loss.teacher);
  const column = columns.find(({ name }) => name === target);
  checkTeacher(model, {
    classes: column && classesIn(column),
    columns: columns.map(({ name }) => name),
    at: '/spec',
  });
}
