import { z } from 'zod';
import { contractSpec } from '../compression/contract-spec';
import { stepSpec } from '../compression/step-spec';
import { aliasName, datasetId, modelName, versionNumber } from '../names';

/** Named sequences of steps; `auto` searches, and is told by what it measured where to go on. */
export const recipeName = z.enum(['fast', 'small', 'balanced', 'auto']);
export type RecipeName = z.infer<typeof recipeName>;

/** A recipe, a step, or steps one after the other. */
const methodSpec = z.union([
  recipeName,
  stepSpec,
  z
    .array(stepSpec)
    .min(1)
    .max(8)
    .refine(
      (steps) => steps.slice(1).every(({ name }) => name !== 'distill'),
      'must have distill as its first step: a student begins anew, and what was done to the model before would be lost',
    ),
]);

/** Looks for a smaller and faster form of a model that keeps a contract. */
export const compressSpec = z.strictObject({
  model: z.strictObject({ name: modelName, version: versionNumber.optional(), alias: aliasName.optional() }),
  /** Absent: what the model was trained on, where that is still there, and the rows that its training held out. */
  dataset: datasetId.optional(),
  /** The column that holds the truth, where the data set names it otherwise than the model. */
  target: z.string().min(1).max(300).optional(),
  contract: contractSpec.prefault({}),
  methods: z.array(methodSpec).min(1).max(64).default(['auto']),
  /** No candidate is begun after it; the one under way may take as long again. */
  budget: z.strictObject({ minutes: z.number().positive().max(1_440).default(10) }).prefault({}),
  register: z.strictObject({ name: modelName, alias: aliasName.optional() }).optional(),
  seed: z.number().int().min(0).max(0xffff_ffff).default(0),
});
export type CompressSpec = z.infer<typeof compressSpec>;
export type MethodSpec = CompressSpec['methods'][number];
