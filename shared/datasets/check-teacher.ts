import type { OrderModel } from '../contracts/run-order';
import { BadSpecError } from '../errors/job-errors';

/** A classifier that another one may learn from. */
export type TeacherSignature = NonNullable<OrderModel['signature']>;

/** What a teacher is held against. */
export interface TaughtData {
  /** Of the target, as text; undefined where they are not known yet. */
  readonly classes: readonly string[] | undefined;
  /** Names of the columns that there are. */
  readonly columns: readonly string[];
  /** Where the spec is that the pointers lead into: `/spec` of a request, nothing of a job's own. */
  readonly at?: string;
}

const listed = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ') || 'none';

/**
 * The teacher's signature. `BadSpecError` where it is no classifier, tells other classes apart, or reads columns that are
 * not there: the same words at submit, from the profile, and in the job.
 */
export function checkTeacher(
  { name, version, signature }: Pick<OrderModel, 'name' | 'version' | 'signature'>,
  { classes, columns, at = '' }: TaughtData,
): TeacherSignature {
  const refuse = (why: string): never => {
    const detail = `version ${version} of the model '${name}' ${why}`;
    throw new BadSpecError(`the teacher cannot teach this: ${detail}`, [
      { pointer: `${at}/loss/teacher`, detail },
    ]);
  };
  const task = signature?.task ?? 'other';
  if (signature === undefined || task !== 'classification')
    return refuse(`is a model of task '${task}'; give one of a classification`);
  const own = (signature.classes ?? []).map(String);
  if (classes !== undefined && !(own.length === classes.length && classes.every((one) => own.includes(one))))
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
