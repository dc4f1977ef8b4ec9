import { z } from 'zod';
import { aliasName, datasetId, modelName, versionNumber } from '../names';

const columnName = z.string().min(1).max(300);

/** Measures a version of a model on the rows of a data set. */
export const evaluateSpec = z.strictObject({
  model: z.strictObject({ name: modelName, version: versionNumber.optional(), alias: aliasName.optional() }),
  /** Absent: the rows that training held out, which go with the model's version. */
  dataset: datasetId.optional(),
  /** The column that holds the truth, where the data set names it otherwise than the model. */
  target: columnName.optional(),
  /** Columns whose values are measured one by one; numbers of many values in quarters. */
  slices: z.array(columnName).max(16).default([]),
  metrics: z
    .strictObject({
      /** Of two classes, the second is predicted where its probability reaches this; the most probable where absent. */
      threshold: z.number().gt(0).lt(1).optional(),
      /** Of equal width, for the calibration errors. */
      bins: z.number().int().min(2).max(100).default(10),
      /** Guesses that `top_k_accuracy` allows; by default 5, or 2 of at most 5 classes. */
      top_k: z.number().int().min(1).max(1_000).optional(),
    })
    .prefault({}),
  /** 0 resamples give no confidence intervals. */
  bootstrap: z
    .strictObject({
      resamples: z.number().int().min(0).max(10_000).default(1_000),
      confidence: z.number().gte(0.5).lt(1).default(0.95),
    })
    .prefault({}),
  seed: z.number().int().min(0).max(0xffff_ffff).default(0),
});
export type EvaluateSpec = z.infer<typeof evaluateSpec>;
