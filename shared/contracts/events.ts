import { z } from 'zod';
import { datasetIssue } from './dataset';
import { jobProgress } from './job';
import { modelLineage, modelSignature } from './model';
import { jobId, modelName, sha256Hex, tenantName, timestamp, versionNumber } from './names';

/** On the job queue: look at this job and dispatch it if it still waits. Sending it twice does no harm. */
export const dispatchMessage = z.strictObject({
  type: z.literal('dispatch'),
  tenant: tenantName,
  job_id: jobId,
});
export type DispatchMessage = z.infer<typeof dispatchMessage>;

/** What the runner (Batch through EventBridge, or the embedded one) says of a run. `attempt` counts from 1. */
export const runEvent = z.strictObject({
  tenant: tenantName,
  job_id: jobId,
  run_id: z.string(),
  attempt: z.number().int().min(1),
  state: z.enum(['waiting', 'starting', 'running', 'interrupted', 'succeeded', 'failed']),
  exit_code: z.number().int().optional(),
  reason: z.string().optional(),
  at: timestamp,
});
export type RunEvent = z.infer<typeof runEvent>;

/** What a container says while it runs, on the events queue; `sequence` counts from 1 within an attempt. */
export const containerEvent = z.strictObject({
  tenant: tenantName,
  job_id: jobId,
  attempt: z.number().int().min(1),
  sequence: z.number().int().min(1),
  /** Proves that the sender is this job's container. */
  token: z.string(),
  at: timestamp,
  body: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('progress'), progress: jobProgress }),
    z.strictObject({ type: z.literal('log'), level: z.enum(['info', 'warn', 'error']), message: z.string() }),
    z.strictObject({ type: z.literal('checkpoint'), step: z.number().int(), bytes: z.number().int() }),
  ]),
});
export type ContainerEvent = z.infer<typeof containerEvent>;

/** What callers read at `/v1/jobs/{id}/events`; `id` is dense and rises within the job. */
export const jobEvent = z.object({
  id: z.number().int(),
  type: z.enum(['state', 'log', 'metric', 'checkpoint']),
  at: timestamp,
  data: z.record(z.string(), z.unknown()),
});
export type JobEvent = z.infer<typeof jobEvent>;

export const manifestFile = z.strictObject({ key: z.string(), bytes: z.number().int(), sha256: sha256Hex });
export type ManifestFile = z.infer<typeof manifestFile>;

/** What came of a job, written last; the recorder believes exit 0 only when every file here has its digest in the store. */
export const jobManifest = z.strictObject({
  job_id: jobId,
  attempt: z.number().int(),
  files: z.record(z.string(), manifestFile),
  result: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('dataset_ready'),
      rows: z.number().int(),
      data: z.string(),
      profile: z.string(),
    }),
    z.strictObject({
      type: z.literal('dataset_rejected'),
      errors: z.array(datasetIssue),
      truncated: z.boolean(),
    }),
    z.strictObject({
      type: z.literal('model'),
      register: z.strictObject({ name: modelName, alias: z.string().optional() }),
      /** Names of files above: the ONNX model, and the held-out rows that later jobs test on. */
      model: z.string(),
      test_rows: z.string().optional(),
      signature: modelSignature,
      metrics: z.record(z.string(), z.unknown()),
      lineage: modelLineage,
    }),
    z.strictObject({
      type: z.literal('evaluation'),
      /** The version that was measured. */
      model: z.strictObject({ name: modelName, version: versionNumber }),
      /** Name of the file above that has all of it. */
      evaluation: z.string(),
      /** Single numbers, a few KiB. */
      metrics: z.record(z.string(), z.unknown()),
    }),
    /** A compression found nothing better that keeps its contract. */
    z.strictObject({
      type: z.literal('model_kept'),
      model: z.strictObject({ name: modelName, version: versionNumber }),
      metrics: z.record(z.string(), z.unknown()),
    }),
    z.strictObject({ type: z.literal('model_imported'), signature: modelSignature }),
    z.strictObject({
      type: z.literal('model_rejected'),
      errors: z.array(z.object({ code: z.string(), detail: z.string() })),
    }),
  ]),
});
export type JobManifest = z.infer<typeof jobManifest>;

/** Why an attempt ended without a manifest, written beside where the manifest would be. */
export const jobFailure = z.strictObject({ code: z.string(), detail: z.string() });
export type JobFailure = z.infer<typeof jobFailure>;
