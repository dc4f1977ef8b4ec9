import { z } from 'zod';
import { aliasName, modelName } from '../names';
import { withFamilyDefaults } from '../training/family-defaults';
import { checked } from '../violations';
import { trainFields, trainSpec } from './train';

const finite = z.number();

/** Values that a field of the train spec is tried with. */
export const searchDimension = z.union([
  z.strictObject({
    min: finite,
    max: finite,
    /** `log`: even in the logarithm, for learning rates and penalties. */
    scale: z.enum(['linear', 'log']).default('linear'),
    /** Whole numbers only. */
    integer: z.boolean().default(false),
  }),
  z.strictObject({ choices: z.array(z.unknown()).min(1).max(1000) }),
]);
export type SearchDimension = z.infer<typeof searchDimension>;

const trials = z.number().int().min(1).max(1000);

export const searchSpec = z.discriminatedUnion('method', [
  /** Every trial draws anew (Bergstra and Bengio, 2012). */
  z.strictObject({ method: z.literal('random'), trials: trials.default(20) }),
  /** Every combination of so many even points a range, and of all choices. */
  z.strictObject({ method: z.literal('grid'), points: z.number().int().min(1).max(100).default(3) }),
  /**
   * Asynchronous successive halving (Li et al., 2020): all trials begin, and of those that reached a number of epochs, one
   * in `reduction_factor` goes on to that many times as many.
   */
  z.strictObject({
    method: z.literal('asha'),
    trials: trials.default(20),
    minimum_epochs: z.number().int().min(1).max(10_000).default(1),
    reduction_factor: z.number().int().min(2).max(10).default(3),
  }),
]);
export type SearchSpec = z.infer<typeof searchSpec>;

/** What trials are compared by, of the validation rows, and which is better. */
export const objectives = {
  validation_loss: 'minimize',
  validation_accuracy: 'maximize',
  validation_rmse: 'minimize',
  validation_perplexity: 'minimize',
} as const;
export type Objective = keyof typeof objectives;
const objectiveNames = Object.keys(objectives) as [Objective, ...Objective[]];

/** Fields that decide how a model learns. What it learns from, and under which name, all trials have in common. */
const searchedRoots = [
  'model',
  'loss',
  'optimizer',
  'schedule',
  'clipping',
  'augmentation',
  'epochs',
  'steps',
  'batch_size',
  'accumulation',
  'average_decay',
  'early_stopping',
] as const;

/** Where a field lies in a train spec, e.g. `optimizer.learning_rate`. */
const fieldPath = z
  .string()
  .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/, 'must be a path such as optimizer.learning_rate');

const fields = z.strictObject({
  /** What every trial has in common. */
  train: withFamilyDefaults(trainFields.omit({ register: true })),
  space: z.record(fieldPath, searchDimension).refine((space) => Object.keys(space).length > 0, {
    message: 'must have at least one field to search over',
  }),
  search: searchSpec.prefault({ method: 'random' }),
  objective: z.enum(objectiveNames).default('validation_loss'),
  /** Trials at a time: each has its share of the job's cores and memory. */
  slots: z.number().int().min(1).max(64).default(1),
  seed: z.number().int().min(0).max(0xffff_ffff).default(0),
  register: z.strictObject({ name: modelName, alias: aliasName.optional() }),
});
export type TuneSpec = z.infer<typeof fields>;

export type FieldValues = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function withField(spec: unknown, [field, ...rest]: readonly string[], value: unknown): unknown {
  if (field === undefined) return value;
  const whole = isRecord(spec) ? spec : {};
  return { ...whole, [field]: withField(whole[field], rest, value) };
}

/** The train spec of a trial, unchecked. */
export function trialSpec(
  { train, register }: Pick<TuneSpec, 'train' | 'register'>,
  values: FieldValues,
): unknown {
  const start: unknown = { ...train, register };
  return Object.entries(values).reduce(
    (spec, [path, value]) => withField(spec, path.split('.'), value),
    start,
  );
}

/** Settings that make no train spec together, such as a width that its heads do not divide, are not tried. */
export const fitsTogether = (spec: Pick<TuneSpec, 'train' | 'register'>, values: FieldValues): boolean =>
  trainSpec.safeParse(trialSpec(spec, values)).success;

/** The values of a dimension that are checked one by one. */
function extremes(dimension: SearchDimension): readonly FieldValues[string][] {
  return 'choices' in dimension ? dimension.choices : [dimension.min, dimension.max];
}

interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function rangeProblems(name: string, dimension: SearchDimension): Problem[] {
  if ('choices' in dimension) return [];
  const { min, max, scale } = dimension;
  const path = ['space', name];
  if (min > max) return [{ path, message: `min ${min} must not be above max ${max}` }];
  return scale === 'log' && min <= 0
    ? [{ path, message: `min must be above 0 on a log scale, and is ${min}` }]
    : [];
}

/** Models that a trial would need, and that the job was not given. */
const namesModels = (value: unknown): boolean =>
  isRecord(value) && (value.family === 'finetune' || value.name === 'kl_divergence');

function fieldProblems({ objective }: TuneSpec, name: string, dimension: SearchDimension): Problem[] {
  const path = ['space', name];
  const [root = '', field] = name.split('.');
  const roots: readonly string[] = searchedRoots;
  if (!roots.includes(root))
    return [{ path, message: `cannot be searched over; what can is: ${roots.join(', ')}` }];
  if (field === 'from' || field === 'teacher' || extremes(dimension).some(namesModels))
    return [{ path, message: 'cannot name other models: every trial starts from those of train' }];
  if (root === 'loss' && objective === 'validation_loss')
    return [
      { path, message: `makes losses that cannot be compared; give another objective than ${objective}` },
    ];
  return [];
}

function valueProblems(spec: TuneSpec, name: string, dimension: SearchDimension): Problem[] {
  for (const value of extremes(dimension)) {
    const parsed = checked(trainSpec, trialSpec(spec, { [name]: value }));
    const [first] = parsed.ok ? [] : parsed.errors;
    if (first === undefined) continue;
    const message = `${JSON.stringify(value)} makes no train spec: ${first.pointer} ${first.detail}`;
    return [{ path: ['space', name], message }];
  }
  return [];
}

function searchProblems({ search, train, space }: TuneSpec): Problem[] {
  if (train.validation_fraction === 0)
    return [
      { path: ['train', 'validation_fraction'], message: 'must be above 0: trials are told apart by it' },
    ];
  if (search.method !== 'asha') return [];
  if (train.steps !== undefined || space.steps !== undefined)
    return [{ path: ['search', 'method'], message: 'asha goes by epochs: leave train.steps out' }];
  if (space.epochs !== undefined)
    return [
      { path: ['space', 'epochs'], message: 'cannot be searched by asha, which decides on epochs itself' },
    ];
  return search.minimum_epochs <= train.epochs
    ? []
    : [{ path: ['search', 'minimum_epochs'], message: `must not be above train.epochs, ${train.epochs}` }];
}

/** Searches a model's settings: trains with many, and registers the best. */
export const tuneSpec = fields.superRefine((spec, context) => {
  const dimensions = Object.entries(spec.space);
  const problems = [
    ...searchProblems(spec),
    ...dimensions.flatMap(([name, dimension]) => fieldProblems(spec, name, dimension)),
    ...dimensions.flatMap(([name, dimension]) => rangeProblems(name, dimension)),
  ];
  const found =
    problems.length > 0
      ? problems
      : dimensions.flatMap(([name, dimension]) => valueProblems(spec, name, dimension));
  for (const { path, message } of found) context.addIssue({ code: 'custom', path: [...path], message });
});
