import { z } from 'zod';
import { stepSpec } from '../../shared/contracts/compression/step-spec';
import { modelSignature, splitSettings } from '../../shared/contracts/model';

/** Where the work of a compression lies: everything below is a path in the scratch of the job that started it. */
const work = {
  /** The model to work on. */
  model: z.string(),
  threads: z.number().int(),
  provider: z.enum(['cpu', 'cuda']),
  memoryBytes: z.number(),
  /** Where the outcome is written, last. */
  outcome: z.string(),
};

/** A file with a data set's rows, for a student that is trained on them, and how they are dealt out; see `deal-rows.ts`. */
const tableOrder = z.strictObject({ data: z.string(), split: splitSettings.optional() });

const candidateTasks = [
  /** The lossless clean-up. */
  z.strictObject({ task: z.literal('clean'), ...work, written: z.string() }),
  /** A candidate from its steps. */
  z.strictObject({
    task: z.literal('make'),
    ...work,
    /** The model before anything was done to it. */
    original: z.string(),
    signature: modelSignature,
    /** A folder of batches; see `batch-folder.ts`. */
    samples: z.string(),
    sampleRows: z.number().int(),
    table: tableOrder.optional(),
    /** A version of the registry that students learn from in place of the model. */
    teacher: z
      .strictObject({ model: z.string(), signature: modelSignature, name: z.string(), version: z.number() })
      .optional(),
    steps: z.array(stepSpec),
    /** Whether 8-bit weights may use 7 bits alone, where a step does not say. */
    reduceRange: z.boolean(),
    seed: z.number().int(),
    written: z.string(),
  }),
  /** Layers by what becomes of the answers where each alone is quantized, the worst first. */
  z.strictObject({
    task: z.literal('rank_layers'),
    ...work,
    signature: modelSignature,
    samples: z.string(),
    sampleRows: z.number().int(),
    step: stepSpec,
    reduceRange: z.boolean(),
    seed: z.number().int(),
  }),
  /** What a model answers, and what that takes. */
  z.strictObject({
    task: z.literal('measure'),
    ...work,
    /** Takes turns with the model, so that what the machine does beside weighs on both; absent: it is the original. */
    original: z.string().optional(),
    /** A folder of batches to answer. */
    judged: z.string(),
    /** A folder for the answers, batch by batch. */
    answers: z.string(),
  }),
] as const;

/** What a process of a compression is told, in a file. */
export const candidateOrder = z.discriminatedUnion('task', candidateTasks);
export type CandidateOrder = z.infer<typeof candidateOrder>;
export type CandidateTask = CandidateOrder['task'];
export type OrderOf<T extends CandidateTask> = Extract<CandidateOrder, { task: T }>;

const latency = z.strictObject({ p50: z.number(), p95: z.number() });

/** A layer of a candidate, as reports have it. */
export const layerReport = z.strictObject({
  layer: z.string(),
  operator: z.string(),
  shape: z.array(z.number()).readonly(),
  bytes_before: z.number(),
  bytes_after: z.number(),
  relative_error: z.number().optional(),
  kept: z.string().optional(),
});

/** What each task comes to. */
export const candidateOutcomes = {
  clean: z.strictObject({ passes: z.array(z.strictObject({ name: z.string(), changes: z.number() })) }),
  make: z.strictObject({ layers: z.array(layerReport), notes: z.array(z.string()) }),
  rank_layers: z.strictObject({ layers: z.array(z.string()) }),
  measure: z.strictObject({
    latency,
    /** Of the original, by turns. */
    originalLatency: latency.optional(),
    memoryMib: z.number(),
  }),
} as const;
export type OutcomeOf<T extends CandidateTask> = z.infer<(typeof candidateOutcomes)[T]>;

/** What went wrong, in words for people. */
export const failedOutcome = z.strictObject({ failed: z.string() });

/** What a process says while it runs. */
export const candidateMessage = z.strictObject({
  type: z.literal('log'),
  level: z.enum(['info', 'warn', 'error']),
  message: z.string(),
});
export type CandidateMessage = z.infer<typeof candidateMessage>;
