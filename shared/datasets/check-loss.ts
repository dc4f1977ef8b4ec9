import type { LossName, LossSpec } from '../contracts/training/loss-spec';
import type { Violation } from '../errors/app-error';
import { BadSpecError } from '../errors/job-errors';
import type { Task } from './check-target';

const tasks: Readonly<Record<LossName, Task>> = {
  cross_entropy: 'classification',
  binary_cross_entropy: 'classification',
  mean_squared_error: 'regression',
  mean_absolute_error: 'regression',
  huber: 'regression',
  kl_divergence: 'classification',
};

const lossesOf = (task: Task): string =>
  Object.entries(tasks)
    .flatMap(([name, own]) => (own === task ? [`'${name}'`] : []))
    .join(', ');

/** What is known of the target that a loss is held against. */
export interface LossFacts {
  readonly loss: LossSpec;
  /** Undefined where that is not known yet. */
  readonly task: Task | undefined;
  /** All of them as text, where they are known. */
  readonly classes?: readonly string[] | undefined;
  /** Where the spec is that the pointers lead into: `/spec` of a request, nothing of a job's own. */
  readonly at?: string;
}

function* violations({ loss, task, classes, at = '' }: LossFacts): Iterable<Violation> {
  const { name } = loss;
  if (task !== undefined && tasks[name] !== task) {
    const detail = `'${name}' is a loss of a ${tasks[name]}, and this is a ${task}; give one of ${lossesOf(task)}`;
    yield { pointer: `${at}/loss/name`, detail };
  }
  const count = classes?.length;
  if (name === 'binary_cross_entropy' && count !== undefined && count !== 2) {
    const detail = `'binary_cross_entropy' tells two classes apart, and the target has ${count}; give 'cross_entropy'`;
    yield { pointer: `${at}/loss/name`, detail };
  }
  if (name === 'cross_entropy' && classes !== undefined && typeof loss.class_weights === 'object')
    for (const given of Object.keys(loss.class_weights))
      if (!classes.includes(given)) yield unknownClass(given, classes, at);
}

const mostListed = 20;

function unknownClass(given: string, classes: readonly string[], at: string): Violation {
  const listed = classes.slice(0, mostListed).map((one) => `'${one}'`);
  const rest = classes.length > mostListed ? ` and ${classes.length - mostListed} more` : '';
  const place = given.replaceAll('~', '~0').replaceAll('/', '~1');
  return {
    pointer: `${at}/loss/class_weights/${place}`,
    detail: `'${given}' is not a class of the target; its classes are ${listed.join(', ')}${rest}`,
  };
}

/** Refuses a loss that the target cannot be held against: the same words at submit, from the profile, and in the job. */
export function checkLoss(facts: LossFacts): void {
  const errors = [...violations(facts)];
  if (errors.length > 0)
    throw new BadSpecError(
      `the loss does not fit the target: ${errors.map(({ detail }) => detail).join('; ')}`,
      errors,
    );
}
