import type { ColumnType } from '../contracts/dataset';
import { UnusableDataError } from '../errors/job-errors';

export type Task = 'classification' | 'regression';

/** More classes than this is a sign of an id or of free text, and more than a one-hot target should carry. */
const mostClasses = 1_000;

/** What a target column is known to hold. */
export interface TargetFacts {
  name: string;
  type: ColumnType;
  /** Asked for, or inferred; undefined where that is not known yet. */
  task: Task | undefined;
  rows: number;
  /** Rows that have a value. */
  present: number;
  distinct: number;
}

/** Why a column of this type is never a target. */
const untargetable: Partial<Record<ColumnType, string>> = {
  timestamp:
    'holds timestamps, which no model here predicts; give a text, boolean or number column, such as the days until that time',
  numbers:
    'holds lists of numbers, which a model reads and does not predict; give a text, boolean or number column',
  image: 'holds images, which a model reads and does not predict; give a text, boolean or number column',
};

/** Refuses a target whose values are of a kind that no model predicts. */
export function checkTargetType({ name, type }: { name: string; type: ColumnType }): void {
  const why = untargetable[type];
  if (why !== undefined) throw new UnusableDataError(`the target '${name}' ${why}`, 'target_type');
}

const textRegression = (name: string) =>
  new UnusableDataError(
    `the target '${name}' is text, and a regression predicts numbers; ask for a classification, or mend the values that are not numbers`,
    'target_type',
  );

const allMissing = (name: string, rows: number) =>
  new UnusableDataError(
    `the target '${name}' is missing in all ${rows} rows; give a column that has values`,
    'target_all_missing',
  );

const constant = (name: string, rows: number) =>
  new UnusableDataError(
    `the target '${name}' has the same value in all ${rows} rows that have one, so there is nothing to learn; give a column that varies`,
    'target_constant',
  );

function tooManyClasses({ name, type, distinct }: TargetFacts): UnusableDataError {
  const instead =
    type === 'text'
      ? 'group the rare ones'
      : "ask for a regression (task: 'regression'), or group the rare ones";
  return new UnusableDataError(
    `the target '${name}' has ${distinct} classes and at most ${mostClasses} are allowed; ${instead}`,
    'too_many_classes',
    { classes: distinct, limit: mostClasses },
  );
}

const isClassification = ({ task, type }: TargetFacts) =>
  task === 'classification' || (task === undefined && type === 'text');

/** Refuses a target that no language model can learn to continue: each of its rows may be different, and it has no classes. */
export function checkTextTarget({ name, type, rows, present }: Omit<TargetFacts, 'task' | 'distinct'>): void {
  if (type !== 'text')
    throw new UnusableDataError(
      `the target '${name}' is of type ${type}, and a language model learns from text; name a column of text`,
      'target_type',
    );
  if (present === 0) throw allMissing(name, rows);
}

/** Refuses a target that nothing can be learned of: the same words at submit, from the profile, and in the job, from the rows. */
export function checkTarget(facts: TargetFacts): void {
  const { name, type, task, rows, present, distinct } = facts;
  checkTargetType({ name, type });
  if (task === 'regression' && type === 'text') throw textRegression(name);
  if (present === 0) throw allMissing(name, rows);
  if (distinct === 1) throw constant(name, present);
  if (isClassification(facts) && distinct > mostClasses) throw tooManyClasses(facts);
}
