import type { OrderModel } from '../contracts/run-order';
import { BadSpecError } from '../errors/job-errors';
import type { Task } from './check-target';

/** Of a model that another one may learn from. */
export type TeacherSignature = NonNullable<OrderModel['signature']>;

/** What a teacher is held against. */
export interface TaughtData {
  /** Of the target, as text; undefined where they are not known yet. */
  readonly classes: readonly string[] | undefined;
  /** Names of the columns that there are. */
  readonly columns: readonly string[];
  /** What it may answer; classes where absent. */
  readonly tasks?: readonly Task[];
  /** Where the spec is that the pointers lead into: `/spec` of a request, nothing of a job's own. */
  readonly at?: string;
}

const listed = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ') || 'none';

/**
 * The teacher's signature. `BadSpecError` where it is a model of another task, tells other classes apart, or reads columns that are
 * not there: the same words at submit, from the profile, and in the job.
 */
export function checkTeacher(
  { name, version, signature }: Pick<OrderModel, 'name' | 'version' | 'signature'>,
  { classes, columns, tasks = ['classification'], at = '' }: TaughtData,
): TeacherSignature {
  const refuse = (why: string): never => {
    const detail = `version ${version} of the model '${name}' ${why}`;
    throw new BadSpecError(`the teacher cannot teach this: ${detail}`, [
      { pointer: `${at}/loss/teacher`, detail },
    ]);
  };
  const task = signature?.task ?? 'other';
  if (signature === undefined || !tasks.some((one) => one === task))
    return refuse(`is a model of task '${task}'; give one of a ${tasks.join(' or a ')}`);
  const own = (signature.classes ?? []).map(String);
  if (
    task === 'classification' &&
    classes !== undefined &&
    !(own.length === classes.length && classes.every((one) => own.includes(one)))
  )
    return refuse(
      `tells the classes ${listed(own)} apart, and the target has ${listed(classes)}; give a teacher of the same classes`,
    );
  const missing = signature.inputs.map((field) => field.name).filter((input) => !columns.includes(input));
  if (missing.length > 0)
    return refuse(
      `reads the columns ${listed(missing)}, which the data set does not have; give a data set with them`,
    );
  return signature;
}
