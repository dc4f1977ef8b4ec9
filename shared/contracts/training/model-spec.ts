import { z } from 'zod';
import { aliasName, modelName, versionNumber } from '../names';
import { fraction, namePatterns, positive } from './field-ranges';

const units = z.number().int().min(1).max(8192);
const dropout = fraction.default(0);
/** Positions of a sequence that the model reads; longer ones are cut at their end, shorter ones padded. */
const maximumLength = z.number().int().min(1).max(4096);

/** A model of the registry; of its newest version where neither version nor alias is given. */
export const modelReference = z.strictObject({
  name: modelName,
  version: versionNumber.optional(),
  alias: aliasName.optional(),
});

/** Logistic or ordinary linear regression by gradient descent. */
const linearSpec = z.strictObject({ family: z.literal('linear') });

/** Multi-layer perceptron. */
export const mlpSpec = z.strictObject({
  family: z.literal('mlp'),
  hidden_units: z.array(units).min(1).max(16).default([64, 32]),
  activation: z.enum(['relu', 'tanh', 'gelu']).default('relu'),
  /** Adds its input to each hidden layer that has as many units as the one before it (He et al., 2016). */
  residual: z.boolean().default(false),
  batch_norm: z.boolean().default(false),
  dropout,
});

/** Convolutional network over images or over lists of numbers that are images. */
export const cnnSpec = z.strictObject({
  family: z.literal('cnn'),
  /** `vgg`: blocks of convolutions and pooling (Simonyan and Zisserman, 2015); `resnet`: residual blocks (He et al., 2016). */
  preset: z.enum(['vgg', 'resnet']).default('vgg'),
  /** `tiny` has about a quarter of the weights of `small`: a student for it. */
  size: z.enum(['tiny', 'small', 'medium', 'large']).default('small'),
  dropout,
  /** Images of a zip are scaled to it; a list column's numbers are read as rows of pixels of so many channels. */
  image: z
    .strictObject({
      height: z.number().int().min(8).max(512),
      width: z.number().int().min(8).max(512),
      channels: z.union([z.literal(1), z.literal(3)]),
    })
    .optional(),
});

/** Recurrent network over a sequence: a list column of numbers. */
export const rnnSpec = z.strictObject({
  family: z.literal('rnn'),
  cell: z.enum(['lstm', 'gru']).default('lstm'),
  hidden_units: units.default(64),
  layers: z.number().int().min(1).max(8).default(1),
  bidirectional: z.boolean().default(false),
  dropout,
  /** The longest sequence of the training rows where absent. */
  maximum_length: maximumLength.optional(),
  /** Numbers at each position of the sequence: a list of 60 numbers with 3 of them a position has 20 positions. */
  values_per_step: z.number().int().min(1).max(1024).default(1),
});

/** Transformer (Vaswani et al., 2017), with layer normalization ahead of each block. */
export const transformerSpec = z.strictObject({
  family: z.literal('transformer'),
  /** `encoder` classifies sequences of token ids; `decoder` is a language model of a text column. */
  form: z.enum(['encoder', 'decoder']),
  layers: z.number().int().min(1).max(48).default(4),
  heads: z.number().int().min(1).max(64).default(4),
  width: z.number().int().min(4).max(4096).default(128),
  feed_forward_width: z.number().int().min(4).max(16_384).optional(),
  dropout,
  /** Decoder: the context, 64 where absent. Encoder: the longest sequence of the training rows where absent. */
  maximum_length: maximumLength.optional(),
  /** Decoder: what a token is. */
  tokens: z.enum(['characters', 'bytes']).default('characters'),
});

/** A model that was trained or imported before, with a new head, trained on. */
export const finetuneSpec = z.strictObject({
  family: z.literal('finetune'),
  from: modelReference,
  /** The value of the graph to learn from, by name; the input of the last layer with weights where absent. */
  output: z.string().min(1).max(300).optional(),
  /**
   * How numbers become what the model was trained on: (x * scale - mean) / standard_deviation, of each channel or of all.
   * `scale` is 1/255 where absent for images, and for lists of whole numbers to 255 that the model reads as images, so that
   * they go from 0 to 1; and 1 for other lists.
   */
  input: z
    .strictObject({
      scale: positive.optional(),
      mean: z.array(z.number()).min(1).max(64).optional(),
      standard_deviation: z.array(positive).min(1).max(64).optional(),
      /** What images are scaled to, where the model leaves it open. */
      height: z.number().int().min(1).max(2048).optional(),
      width: z.number().int().min(1).max(2048).optional(),
    })
    .default({}),
  /** Hidden layers of the new head, ahead of its output layer. */
  head: z.strictObject({ hidden_units: z.array(units).max(4).default([]) }).default({ hidden_units: [] }),
  /** Weights that stay as they are. Patterns mean the model's own weights; the new head is `head.*`, by that name alone. */
  freeze: namePatterns.default([]),
  /** Factors of the learning rate by parameter name; the first pattern that fits counts. */
  learning_rates: z
    .array(z.strictObject({ pattern: z.string().min(1).max(300), factor: positive.max(1000) }))
    .max(100)
    .default([]),
});

/** Every model family that `kind: train` knows. */
export const modelSpec = z.discriminatedUnion('family', [
  linearSpec,
  mlpSpec,
  cnnSpec,
  rnnSpec,
  transformerSpec,
  finetuneSpec,
]);
export type ModelSpec = z.infer<typeof modelSpec>;
export type FamilyName = ModelSpec['family'];
export type FamilySpec<F extends FamilyName> = Extract<ModelSpec, { family: F }>;
