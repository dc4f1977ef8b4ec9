import { z } from 'zod';
import { aliasName, datasetId, modelName } from '../names';

const columnName = z.string().min(1).max(300);
const positive = z.number().positive();
const fraction = z.number().min(0).lt(1);
const decay = z.number().gte(0).lt(1);
/** Below this, float32 has zero, and zero gradients would be divided by it. */
const epsilon = z.number().min(1e-30).max(1);

/** `linear` is logistic or ordinary linear regression by gradient descent; `mlp` is a multi-layer perceptron. */
export const modelSpec = z.discriminatedUnion('family', [
  z.strictObject({ family: z.literal('linear') }),
  z.strictObject({
    family: z.literal('mlp'),
    hidden_units: z.array(z.number().int().min(1).max(8192)).min(1).max(16).default([64, 32]),
    activation: z.enum(['relu', 'tanh', 'gelu']).default('relu'),
  }),
]);
export type ModelSpec = z.infer<typeof modelSpec>;

const learningRate = positive.max(10);
const weightDecay = z.number().gte(0).max(1);

export const optimizerSpec = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('sgd'),
    learning_rate: learningRate.default(0.01),
    momentum: decay.default(0),
    nesterov: z.boolean().default(false),
    weight_decay: weightDecay.default(0),
  }),
  z.strictObject({
    name: z.enum(['adam', 'adamw']),
    learning_rate: learningRate.default(0.001),
    beta1: decay.default(0.9),
    beta2: decay.default(0.999),
    epsilon: epsilon.default(1e-8),
    weight_decay: weightDecay.default(0),
  }),
  z.strictObject({
    name: z.literal('adagrad'),
    learning_rate: learningRate.default(0.01),
    epsilon: epsilon.default(1e-10),
    weight_decay: weightDecay.default(0),
  }),
]);
export type OptimizerSpec = z.infer<typeof optimizerSpec>;

export const scheduleSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant') }),
  z.strictObject({
    name: z.literal('cosine'),
    warmup_fraction: fraction.default(0),
    final_fraction: fraction.default(0),
  }),
]);
export type ScheduleSpec = z.infer<typeof scheduleSpec>;

export const trainSpec = z
  .strictObject({
    dataset: datasetId,
    /** Tested on this data set instead of on a split of `dataset`. */
    test_dataset: datasetId.optional(),
    target: columnName,
    /** Inferred where absent: text, boolean, or at most 20 distinct whole numbers mean classification. */
    task: z.enum(['classification', 'regression']).optional(),
    features: z
      .strictObject({
        include: z.array(columnName).min(1).optional(),
        exclude: z.array(columnName).optional(),
      })
      .optional(),
    model: modelSpec.default({ family: 'mlp', hidden_units: [64, 32], activation: 'relu' }),
    optimizer: optimizerSpec.default({
      name: 'adamw',
      learning_rate: 0.003,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weight_decay: 0.3,
    }),
    schedule: scheduleSpec.default({ name: 'cosine', warmup_fraction: 0.05, final_fraction: 0 }),
    epochs: z.number().int().min(1).max(10_000).default(30),
    batch_size: z.number().int().min(1).max(65_536).default(64),
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
  })
  .refine((spec) => spec.validation_fraction + spec.test_fraction < 1, {
    path: ['test_fraction'],
    message: 'and validation_fraction must leave rows to train on: their sum must be under 1',
  })
  .refine((spec) => spec.early_stopping === undefined || spec.validation_fraction > 0, {
    path: ['early_stopping'],
    message: 'needs rows to validate on: give a validation_fraction above 0, or leave early_stopping out',
  });
export type TrainSpec = z.infer<typeof trainSpec>;
