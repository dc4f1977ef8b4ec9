import { z } from 'zod';
import { compressSpec } from './kinds/compress';
import { evaluateSpec } from './kinds/evaluate';
import { importSpec } from './kinds/import';
import { ingestSpec } from './kinds/ingest';
import { trainSpec } from './kinds/train';
import { tuneSpec } from './kinds/tune';
import { displayName, jobId, modelName, timestamp, versionNumber } from './names';

/** The job kinds and the schema of each one's spec; `jobs/kinds` holds one file for each. */
export const jobSpecs = {
  ingest: ingestSpec,
  train: trainSpec,
  compress: compressSpec,
  tune: tuneSpec,
  evaluate: evaluateSpec,
  import: importSpec,
} as const;
export type JobKind = keyof typeof jobSpecs;
export type JobSpec<K extends JobKind = JobKind> = z.infer<(typeof jobSpecs)[K]>;

/** Kinds that only Ingot itself submits: they belong to an upload, not to a caller. */
export const internalKinds: readonly JobKind[] = ['ingest', 'import'];

export const jobState = z.enum([
  'queued',
  'dispatched',
  'starting',
  'running',
  'interrupted',
  'succeeded',
  'failed',
  'cancelled',
]);
export type JobState = z.infer<typeof jobState>;

/**
 * Every legal move. `cancelled` is reachable from every state that is not an end, and an end is never left. States may be
 * skipped forwards, because events can be lost or come late.
 */
export const jobTransitions: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['dispatched', 'starting', 'running', 'succeeded', 'failed', 'cancelled'],
  dispatched: ['starting', 'running', 'interrupted', 'succeeded', 'failed', 'cancelled'],
  starting: ['running', 'interrupted', 'succeeded', 'failed', 'cancelled'],
  running: ['interrupted', 'succeeded', 'failed', 'cancelled'],
  interrupted: ['queued', 'starting', 'running', 'succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export const jobResources = z.strictObject({
  /** `auto` is the CPU queue for the tabular kinds. */
  accelerator: z.enum(['auto', 'cpu', 'gpu']).default('auto'),
  vcpus: z.number().int().min(1).max(96).default(2),
  memory_mib: z.number().int().min(512).max(786_432).default(4096),
});
export type JobResources = z.infer<typeof jobResources>;

/** How many attempts a run has in all, for interruptions and exit code 75. */
export const jobAttempts = 5;

export const submitJobRequest = z.strictObject({
  kind: z.enum(Object.keys(jobSpecs) as [JobKind, ...JobKind[]]),
  /** The kind's own schema applies; see `jobSpecs`. */
  spec: z.record(z.string(), z.unknown()),
  name: displayName.optional(),
  resources: jobResources.optional(),
  timeout_seconds: z
    .number()
    .int()
    .min(60)
    .max(14 * 86_400)
    .default(86_400),
});

export const jobProgress = z.object({
  fraction: z.number().min(0).max(1),
  step: z.number().int().optional(),
  epoch: z.number().int().optional(),
  metrics: z.record(z.string(), z.number()).default({}),
});
export type JobProgress = z.infer<typeof jobProgress>;

export const job = z.object({
  id: jobId,
  object: z.literal('job'),
  kind: z.string(),
  name: z.string().optional(),
  state: jobState,
  /** Why it is in this state: queued behind N, waiting for capacity, stopped by whom. */
  reason: z.string().optional(),
  attempt: z.number().int(),
  progress: jobProgress,
  created_at: timestamp,
  started_at: timestamp.optional(),
  finished_at: timestamp.optional(),
  /** A job that has not ended by then fails. */
  deadline_at: timestamp,
  transitions: z.array(z.object({ state: jobState, at: timestamp, reason: z.string().optional() })),
  output: z
    .object({
      model: z.object({ name: modelName, version: versionNumber }).optional(),
      metrics: z.unknown().optional(),
    })
    .optional(),
  error: z.object({ code: z.string(), detail: z.string() }).optional(),
  spec: z.record(z.string(), z.unknown()),
  resources: jobResources,
  timeout_seconds: z.number().int(),
});
export type Job = z.infer<typeof job>;
