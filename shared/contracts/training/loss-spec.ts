import { z } from 'zod';
import { fraction, positive } from './field-ranges';
import { modelReference } from './model-spec';

/** What is minimised; the task's own loss where none is asked for. */
export const lossSpec = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('cross_entropy'),
    /** This part of the target is spread over all classes (Szegedy et al., 2016). */
    label_smoothing: fraction.default(0),
    /** `balanced`: inversely proportional to how often each class is in the training rows; or a weight by class. */
    class_weights: z.union([z.literal('balanced'), z.record(z.string(), positive)]).optional(),
  }),
  /** Two classes, one logit. */
  z.strictObject({
    name: z.literal('binary_cross_entropy'),
    /** Weight of the second class's rows. */
    positive_weight: positive.default(1),
  }),
  z.strictObject({ name: z.literal('mean_squared_error') }),
  z.strictObject({ name: z.literal('mean_absolute_error') }),
  z.strictObject({
    name: z.literal('huber'),
    /** In standard deviations of the target: beyond it, errors count linearly. */
    delta: positive.default(1),
  }),
  /** Learns from another model's probabilities (Hinton et al., 2015). */
  z.strictObject({
    name: z.literal('kl_divergence'),
    teacher: modelReference,
    temperature: positive.max(100).default(2),
    /** The rest is cross entropy with the labels. */
    teacher_fraction: z.number().gt(0).max(1).default(0.9),
  }),
]);
export type LossSpec = z.infer<typeof lossSpec>;
export type LossName = LossSpec['name'];
