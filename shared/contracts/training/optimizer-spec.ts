import { z } from 'zod';
import { fraction, namePatterns, positive } from './field-ranges';

/** Below this, float32 has zero, and zero gradients would be divided by it. */
const epsilon = z.number().min(1e-30).max(1);
const learningRate = positive.max(10);

/** What every optimizer can do beside its own rule. */
const common = {
  /** Decoupled for `adamw`, `lion` and `lamb`; an L2 penalty for the others. */
  weight_decay: z.number().gte(0).max(1).default(0),
  /** L1 penalty: its factor of each weight's sign is added to the gradient. */
  l1: z.number().gte(0).max(1).default(0),
  /** Parameters that neither decay nor L1 touch, beside biases and the weights of normalizations. */
  decay_exclude: namePatterns.default([]),
};

const adam = {
  learning_rate: learningRate.default(0.001),
  beta1: fraction.default(0.9),
  beta2: fraction.default(0.999),
  epsilon: epsilon.default(1e-8),
  ...common,
};

export const optimizerSpec = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('sgd'),
    learning_rate: learningRate.default(0.01),
    momentum: fraction.default(0),
    nesterov: z.boolean().default(false),
    ...common,
  }),
  z.strictObject({ name: z.literal('adam'), ...adam }),
  z.strictObject({ name: z.literal('adamw'), ...adam }),
  z.strictObject({
    name: z.literal('adagrad'),
    learning_rate: learningRate.default(0.01),
    epsilon: epsilon.default(1e-10),
    ...common,
  }),
  z.strictObject({
    name: z.literal('rmsprop'),
    learning_rate: learningRate.default(0.001),
    decay: fraction.default(0.99),
    momentum: fraction.default(0),
    epsilon: epsilon.default(1e-8),
    centered: z.boolean().default(false),
    ...common,
  }),
  z.strictObject({
    name: z.literal('lion'),
    learning_rate: learningRate.default(0.0001),
    beta1: fraction.default(0.9),
    beta2: fraction.default(0.99),
    ...common,
  }),
  z.strictObject({ name: z.literal('lamb'), ...adam, epsilon: epsilon.default(1e-6) }),
]);
export type OptimizerSpec = z.infer<typeof optimizerSpec>;
export type OptimizerName = OptimizerSpec['name'];

/** Bounds on the gradients, ahead of the optimizer. */
export const clippingSpec = z.strictObject({
  /** The norm over all gradients is scaled down to it (Pascanu et al., 2013). */
  global_norm: positive.optional(),
  /** Each element is held between minus this and this. */
  value: positive.optional(),
});
export type ClippingSpec = z.infer<typeof clippingSpec>;

const warmup = { warmup_fraction: fraction.default(0) };
const finalFraction = z.number().gte(0).max(1);

/** The learning rate over the steps, as parts of the optimizer's; warm-up is linear, in parts of all steps. */
export const scheduleSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), ...warmup }),
  z.strictObject({
    name: z.literal('step'),
    /** After each such part of all steps, the rate is multiplied by the factor. */
    every_fraction: positive.max(1).default(1 / 3),
    factor: positive.max(1).default(0.1),
    ...warmup,
  }),
  z.strictObject({ name: z.literal('linear'), final_fraction: finalFraction.default(0), ...warmup }),
  z.strictObject({ name: z.literal('cosine'), final_fraction: finalFraction.default(0), ...warmup }),
  /**
   * Up to the rate and down again (Smith and Topin, 2019), both by half a cosine: PyTorch's OneCycleLR. Both fractions are of
   * the optimizer's rate, which is the peak. PyTorch divides the initial rate for the final one: its `div_factor` is
   * 1 / initial_fraction, and its `final_div_factor` initial_fraction / final_fraction.
   */
  z.strictObject({
    name: z.literal('one_cycle'),
    rising_fraction: positive.lt(1).default(0.3),
    initial_fraction: positive.max(1).default(1 / 25),
    final_fraction: finalFraction.default(1e-4),
  }),
]);
export type ScheduleSpec = z.infer<typeof scheduleSpec>;
