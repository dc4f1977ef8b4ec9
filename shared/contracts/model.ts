import { z } from 'zod';
import { upload } from './dataset';
import {
  aliasName,
  datasetId,
  displayName,
  jobId,
  modelName,
  sha256Hex,
  timestamp,
  versionNumber,
} from './names';

/** One named value of a prediction request or answer; shapes are per instance, so a plain column has shape []. */
export const signatureField = z.object({
  name: z.string(),
  /** JSON side: what a caller sends or gets. */
  type: z.enum(['number', 'integer', 'string', 'boolean']),
  /** Tensor side: the ONNX input or output with that name. */
  element_type: z.string(),
  shape: z.array(z.number().int()),
  /** May be null: the model imputes it. */
  nullable: z.boolean().optional(),
  /**
   * Fills up lists that are shorter than the first axis of `shape`, and longer ones are cut at their end; null is not a
   * number. Absent: every list must be that long.
   */
  padding: z.number().nullable().optional(),
  /** Of a language model: ids of these tokens, by their place in `classes`. A caller may send the text itself, as `text`. */
  tokens: z.enum(['characters', 'bytes']).optional(),
});

export const modelSignature = z.object({
  task: z.enum(['classification', 'regression', 'other']),
  inputs: z.array(signatureField),
  outputs: z.array(signatureField),
  target: z.string().optional(),
  /** Class labels in the order of the probabilities. */
  classes: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export type ModelSignature = z.infer<typeof modelSignature>;

/** Metric name -> number, matrix or text; grouped by split, e.g. `test.accuracy`. */
const metrics = z.record(z.string(), z.unknown());

/** How the rows of a data set were dealt out: the same settings, data set and target make the same parts again. */
export const splitSettings = z.object({
  seed: z.number().int(),
  validation_fraction: z.number(),
  /** 0 where another data set was tested on. */
  test_fraction: z.number(),
});
export type SplitSettings = z.infer<typeof splitSettings>;

export const modelLineage = z.object({
  job: jobId.optional(),
  dataset: datasetId.optional(),
  /** The version that this one was made from. */
  parent: z.object({ name: modelName, version: versionNumber }).optional(),
  /** Of `dataset`: which of its rows were learned from, and which were held out. */
  split: splitSettings.optional(),
});
export type ModelLineage = z.infer<typeof modelLineage>;

export const modelVersion = z.object({
  object: z.literal('model_version'),
  name: modelName,
  version: versionNumber,
  state: z.enum(['awaiting_upload', 'validating', 'ready', 'rejected']),
  bytes: z.number().int().optional(),
  sha256: sha256Hex.optional(),
  signature: modelSignature.optional(),
  metrics: metrics.optional(),
  lineage: modelLineage,
  created_at: timestamp,
  upload: upload.optional(),
  errors: z.array(z.object({ code: z.string(), detail: z.string() })).optional(),
});
export type ModelVersion = z.infer<typeof modelVersion>;

/** The version that serves, a canary that gets a share of the requests, and a shadow that is run but not answered with. */
export const aliasTarget = z.strictObject({
  version: versionNumber,
  canary: z.strictObject({ version: versionNumber, fraction: z.number().gt(0).lt(1) }).optional(),
});
export type AliasTarget = z.infer<typeof aliasTarget>;

export const model = z.object({
  object: z.literal('model'),
  name: modelName,
  description: z.string().optional(),
  latest_version: versionNumber,
  aliases: z.record(aliasName, aliasTarget),
  created_at: timestamp,
});
export type Model = z.infer<typeof model>;

export const importModelRequest = z.strictObject({
  name: modelName,
  description: displayName.optional(),
  bytes: z.number().int().min(1).optional(),
  sha256: sha256Hex.optional(),
  signature: modelSignature.optional(),
});

/**
 * One row by column: text, numbers, true, false or null, or nested arrays of them. Its values are checked against the
 * model's signature; a schema of the values here would only check them twice.
 */
const instance = z.looseObject({}).meta({
  additionalProperties: { type: ['string', 'number', 'boolean', 'null', 'array'] },
});

/** At most this many rows per call: more is what a batch job is for. */
const maximumInstances = 10_000;
const tooManyInstances = `must have at most ${maximumInstances} instances: send the rest in further requests`;

export const predictRequest = z.strictObject({
  instances: z.array(instance).min(1).max(maximumInstances, tooManyInstances),
});
export const predictAnswer = z.object({
  predictions: z.array(z.unknown()),
  model: z.object({ name: modelName, version: versionNumber }),
});

export const simplePredictRequest = z.strictObject({ input: instance, model: modelName.optional() });
export const simplePredictAnswer = z.object({ prediction: z.unknown() });
