import type { AugmentationSpec } from './augmentation-spec';
import type { LossSpec } from './loss-spec';
import type { ModelSpec } from './model-spec';

/** What a train spec says beside its model, as far as a language model cannot follow it. */
export interface RowFields {
  readonly model: ModelSpec;
  readonly task?: unknown;
  readonly features?: unknown;
  readonly loss?: LossSpec | undefined;
  readonly augmentation?: AugmentationSpec | undefined;
}

/** A transformer of form `decoder` learns from one long text instead of from rows. */
const isLanguageModel = (model: ModelSpec): boolean =>
  model.family === 'transformer' && model.form === 'decoder';

export interface LanguageModelRule {
  readonly path: string[];
  readonly message: string;
  readonly holds: (spec: RowFields) => boolean;
}

const leaveOut = 'has no place in a language model, which predicts the next token of the text column';

/** Fields that mean something for the rows of a table, and nothing for one long text. */
const fieldRules: readonly LanguageModelRule[] = [
  { path: ['task'], message: `${leaveOut}: leave it out`, holds: ({ task }) => task === undefined },
  {
    path: ['features'],
    message: `${leaveOut}: leave it out`,
    holds: ({ features }) => features === undefined,
  },
  {
    path: ['loss', 'name'],
    message: "must be 'cross_entropy' for a language model",
    holds: ({ loss }) => loss === undefined || loss.name === 'cross_entropy',
  },
  {
    path: ['loss', 'class_weights'],
    message: `${leaveOut}: leave it out`,
    holds: ({ loss }) => loss?.name !== 'cross_entropy' || loss.class_weights === undefined,
  },
  {
    path: ['augmentation'],
    message: 'is for images and rows of numbers, and this model reads text: leave it out',
    holds: ({ augmentation }) => augmentation === undefined,
  },
];

export const languageModelRules: readonly LanguageModelRule[] = fieldRules.map((rule) => ({
  ...rule,
  holds: (spec) => !isLanguageModel(spec.model) || rule.holds(spec),
}));
