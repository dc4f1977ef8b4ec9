import { z } from 'zod';
import { aliasName, datasetId, modelName } from '../names';
import { augmentationSpec } from '../training/augmentation-spec';
import { tableDefaults, withFamilyDefaults } from '../training/family-defaults';
import { fraction } from '../training/field-ranges';
import { languageModelRules } from '../training/language-model-rules';
import { lossSpec } from '../training/loss-spec';
import { modelSpec } from '../training/model-spec';
import { clippingSpec, optimizerSpec, scheduleSpec } from '../training/optimizer-spec';

const columnName = z.string().min(1).max(300);

/** What a train spec says, field by field; `trainSpec` adds what no field can say alone. */
export const trainFields = z.strictObject({
  dataset: datasetId,
  /** Tested on this data set instead of on a split of `dataset`. */
  test_dataset: datasetId.optional(),
  /** For a decoder language model, the text column. */
  target: columnName,
  /** Inferred where absent: text, boolean, or at most 20 distinct whole numbers mean classification. */
  task: z.enum(['classification', 'regression']).optional(),
  features: z
    .strictObject({
      include: z.array(columnName).min(1).optional(),
      exclude: z.array(columnName).optional(),
    })
    .optional(),
  model: modelSpec.prefault({ family: 'mlp' }),
  loss: lossSpec.optional(),
  /** The default is that of tables; `withFamilyDefaults` puts the other families' in its place. */
  optimizer: optimizerSpec.prefault(tableDefaults.optimizer),
  schedule: scheduleSpec.prefault({ name: 'cosine', warmup_fraction: 0.05 }),
  clipping: clippingSpec.optional(),
  augmentation: augmentationSpec.optional(),
  epochs: z.number().int().min(1).max(10_000).default(30),
  /** Of the whole training, which ends within an epoch or takes as many as it needs; `epochs` then says nothing. */
  steps: z.number().int().min(1).max(100_000_000).optional(),
  batch_size: z.number().int().min(1).max(65_536).default(64),
  /** Batches whose gradients make one step together: a larger batch than memory holds. No more than the rows make. */
  accumulation: z.number().int().min(1).max(1024).default(1),
  /**
   * Decay of an exponential moving average of the weights, which is validated and exported in their place; at step t, from 0,
   * it is at most (1 + t) / (10 + t), so that a short training forgets the weights that it began with.
   */
  average_decay: z.number().gt(0).lt(1).optional(),
  /** `mixed`: float16 forwards and backwards with loss scaling, float32 weights (Micikevicius et al., 2018). */
  precision: z.enum(['float32', 'mixed']).default('float32'),
  validation_fraction: fraction.default(0.15),
  test_fraction: fraction.default(0.15),
  seed: z.number().int().min(0).max(0xffff_ffff).default(0),
  early_stopping: z
    .strictObject({
      patience: z.number().int().min(1).default(10),
      min_delta: z.number().gte(0).default(0),
    })
    .optional(),
  register: z.strictObject({ name: modelName, alias: aliasName.optional() }),
});
type Fields = z.infer<typeof trainFields>;

interface Rule {
  readonly path: string[];
  readonly message: string;
  readonly holds: (spec: Fields) => boolean;
}

/** What no field can say alone. */
const rules: readonly Rule[] = [
  {
    path: ['test_fraction'],
    message: 'and validation_fraction must leave rows to train on: their sum must be under 1',
    holds: (spec) => spec.validation_fraction + spec.test_fraction < 1,
  },
  {
    path: ['early_stopping'],
    message: 'needs rows to validate on: give a validation_fraction above 0, or leave early_stopping out',
    holds: (spec) => spec.early_stopping === undefined || spec.validation_fraction > 0,
  },
  {
    path: ['model', 'width'],
    message: 'must be a multiple of heads: each head takes an equal part of it',
    holds: ({ model }) => model.family !== 'transformer' || model.width % model.heads === 0,
  },
  ...languageModelRules,
];

export const trainSpec = withFamilyDefaults(
  trainFields.superRefine((spec, context) => {
    for (const { path, message, holds } of rules)
      if (!holds(spec)) context.addIssue({ code: 'custom', path, message });
  }),
);
export type TrainSpec = z.infer<typeof trainSpec>;
