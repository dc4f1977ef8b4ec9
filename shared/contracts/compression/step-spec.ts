import { z } from 'zod';
import { fraction, positive } from '../training/field-ranges';
import { modelReference, modelSpec } from '../training/model-spec';

const share = z.number().gt(0).lt(1);
const learningRate = positive.max(1);
const layerName = z.string().min(1).max(300);

/** Training on what the original model answers, on the same rows, so that a changed model answers as it did again. */
export const recoverySpec = z.strictObject({
  epochs: z.number().gt(0).max(1_000).default(3),
  learning_rate: learningRate.default(0.001),
  batch_size: z.number().int().min(1).max(65_536).default(64),
  /** Of the loss: the rest is the distance from the original's answers. Rows without a label count for the latter alone. */
  label_fraction: fraction.default(0.5),
});
export type RecoverySpec = z.infer<typeof recoverySpec>;

/** How weights become whole numbers. */
const weightForm = {
  /** A scale for each output channel, else one for the whole tensor. */
  per_channel: z.boolean().default(true),
  /** Zero stays zero, and there is no zero point; else the range is that of the weights, which need not lie around zero. */
  symmetric: z.boolean().default(true),
  /** 7 bits: on x86 without VNNI, products of uint8 and int8 saturate. By the target where absent. */
  reduce_range: z.boolean().optional(),
  /** Layers that stay in floats, by their names in the report. */
  keep: z.array(layerName).max(10_000).default([]),
};

const calibrationSpec = z.strictObject({
  /** Where an activation's range ends: its extremes, the cut of least divergence, or quantiles. */
  method: z.enum(['minmax', 'entropy', 'percentile']).default('minmax'),
  /** Of the values that lie within the range, for `percentile`. */
  percentile: z.number().gt(50).max(100).default(99.99),
  rows: z.number().int().min(1).max(1_000_000).default(1_024),
});

const staticForm = {
  ...weightForm,
  calibration: calibrationSpec.prefault({}),
  /** int8 activations around zero; else uint8 with a zero point. */
  symmetric_activations: z.boolean().default(false),
};

const pruned = {
  /**
   * Of the weights' size (`magnitude`), or how much the answers change without them, to first order (`taylor`, Molchanov et
   * al., 2019); absent: the latter, but the former where a model has no gradients.
   */
  importance: z.enum(['magnitude', 'taylor']).optional(),
  /** The fraction is reached in so many steps, each followed by recovery. */
  rounds: z.number().int().min(1).max(100).default(1),
  /** null: what is left stays as it is. */
  recovery: recoverySpec.nullable().prefault({}),
};

const steps = [
  z.strictObject({
    name: z.literal('int8_dynamic'),
    ...weightForm,
    /** Zero points cost little here, and save a level of 256; convolutions and recurrent layers have none. */
    symmetric: z.boolean().default(false),
    /** Each row of what a matrix multiplies gets a range of its own: more exact in batches, and slower. */
    each_row: z.boolean().default(false),
    operators: z
      .array(z.enum(['MatMul', 'Gemm', 'Conv', 'LSTM', 'Attention', 'Gather']))
      .min(1)
      .default(['MatMul', 'Gemm', 'Conv', 'LSTM', 'Attention', 'Gather']),
  }),
  z.strictObject({ name: z.literal('int8_static'), ...staticForm }),
  /** Weights alone; activations stay floats. */
  z.strictObject({
    name: z.literal('weight_only'),
    bits: z.union([z.literal(8), z.literal(4), z.literal(2)]).default(4),
    /** Weights that share a scale. */
    block: z.union([z.literal(16), z.literal(32), z.literal(64), z.literal(128), z.literal(256)]).default(32),
    /** Around zero, but for blocks that are truer with a range of one side. */
    symmetric: z.boolean().default(true),
    keep: weightForm.keep,
  }),
  z.strictObject({ name: z.literal('float16'), keep: weightForm.keep }),
  /** Static int8 that the weights were trained for. */
  z.strictObject({
    name: z.literal('quantization_aware'),
    ...staticForm,
    recovery: recoverySpec.prefault({}),
  }),
  z.strictObject({ name: z.literal('prune_channels'), fraction: share.default(0.5), ...pruned }),
  z.strictObject({ name: z.literal('prune_heads'), fraction: share.default(0.25), ...pruned }),
  z.strictObject({ name: z.literal('prune_layers'), fraction: share.default(0.25), ...pruned }),
  /** Smaller files alone: ONNX Runtime multiplies by zeros as by any number. */
  z.strictObject({
    name: z.literal('prune_weights'),
    pattern: z.enum(['unstructured', '2:4']).default('unstructured'),
    /** With the pattern 2:4 it is half, whatever is said here. */
    fraction: share.default(0.5),
    ...pruned,
  }),
  /** Another network learns from this one. */
  z.strictObject({
    name: z.literal('distill'),
    /** The model itself where absent. */
    teacher: modelReference.optional(),
    student: modelSpec.refine(
      ({ family }) => family !== 'finetune',
      'must be a model of its own: a student of family finetune would need a third model; train it by a train job with the loss kl_divergence',
    ),
    temperature: positive.max(100).default(2),
    /** Of the loss: the rest is the distance from the teacher's answers. 0: the rows need no labels. */
    label_fraction: fraction.default(0.1),
    /** Tensors of the student that are to be as the teacher's are, by a learned linear map where their sizes differ. */
    features: z
      .array(z.strictObject({ teacher: layerName, student: layerName, weight: positive.default(1) }))
      .max(16)
      .default([]),
    epochs: z.number().int().min(1).max(1_000).default(10),
    learning_rate: learningRate.optional(),
    batch_size: z.number().int().min(1).max(65_536).default(64),
  }),
] as const;

/** One step of a compression by its name, with its settings. */
export const stepSpec = z.discriminatedUnion('name', steps);
export type StepSpec = z.infer<typeof stepSpec>;
export type StepName = StepSpec['name'];
type StepsByName = { readonly [N in StepName]: Extract<StepSpec, { name: N }> };
export type StepOf<N extends StepName> = StepsByName[N];
