import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { nearestNames } from '../../datasets/nearest-names';
import { nameMatcher } from '../name-patterns';

export interface Names {
  /** Of the model's own weights. */
  readonly base: readonly string[];
  /** Of the new head's. */
  readonly head: readonly string[];
  /** What the names of the head begin with. */
  readonly headName: string;
}

/** How much of the learning rate each weight learns by; those that stay as they are are not among them. */
export type TrainedNames = ReadonlyMap<string, number>;

type Asked = Pick<FamilySpec<'finetune'>, 'freeze' | 'learning_rates'>;

/** `*` is the whole model that was there before: the head is meant by its own name alone. */
function namesMeant(pattern: string, { base, head, headName }: Names): string[] {
  return (pattern.startsWith(headName) ? [...base, ...head] : base).filter(nameMatcher([pattern]));
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

function checkPatterns(pointer: (index: number) => string, patterns: readonly string[], names: Names): void {
  const all = [...names.base, ...names.head];
  const errors = patterns.flatMap((pattern, index) => {
    if (namesMeant(pattern, names).length > 0) return [];
    const detail = `'${pattern}' fits no weight; the nearest are: ${quoted(nearestNames(pattern, all, 5))}`;
    return [{ pointer: pointer(index), detail }];
  });
  const [first] = errors;
  if (first !== undefined) throw new BadSpecError(`${first.pointer.slice(1)}: ${first.detail}`, errors);
}

/** Which weights are trained, and by which part of the learning rate. `BadSpecError` where a pattern fits nothing, or all is frozen. */
export function chooseTrained(names: Names, { freeze, learning_rates }: Asked): TrainedNames {
  if (names.base.length === 0)
    throw new UnsuitableModelError(
      'the model has no trainable weights ahead of the value to learn from: only a new head would learn; train a model of the family linear or mlp, or name another output',
    );
  checkPatterns((index) => `/model/freeze/${index}`, freeze, names);
  const factors = learning_rates.map(({ pattern }) => pattern);
  checkPatterns((index) => `/model/learning_rates/${index}/pattern`, factors, names);
  const frozen = new Set(freeze.flatMap((pattern) => namesMeant(pattern, names)));
  const rates = learning_rates.map(({ pattern, factor }) => ({
    names: new Set(namesMeant(pattern, names)),
    factor,
  }));
  const factorOf = (name: string) => rates.find((rate) => rate.names.has(name))?.factor ?? 1;
  const trained = [...names.base, ...names.head].filter((name) => !frozen.has(name));
  if (trained.length > 0) return new Map(trained.map((name) => [name, factorOf(name)]));
  const detail = `every weight is frozen, the new head's too, so that there is nothing to learn; leave '${names.headName}*' out`;
  throw new BadSpecError(`model.freeze: ${detail}`, [{ pointer: '/model/freeze', detail }]);
}
