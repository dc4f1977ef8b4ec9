import { z } from 'zod';
import type { JobKind } from './job';
import { jobSpecs } from './job';
import { modelLineage, modelSignature } from './model';
import { jobId, tenantName } from './names';

const orderInput = z.strictObject({ key: z.string(), sha256: z.string().optional() });

const orderModel = z.strictObject({
  name: z.string(),
  version: z.number().int(),
  signature: modelSignature.optional(),
  lineage: modelLineage,
});
export type OrderModel = z.infer<typeof orderModel>;

/**
 * What the dispatcher tells a container, in `INGOT_ORDER`: the spec, and every object key that it needs, resolved at
 * dispatch, so that a container looks nothing up.
 */
export const runOrder = z.strictObject({
  tenant: tenantName,
  job_id: jobId,
  kind: z.enum(Object.keys(jobSpecs) as [JobKind, ...JobKind[]]),
  spec: z.record(z.string(), z.unknown()),
  /** Role -> object, e.g. `source`, `data`, `profile`, `test_data`, `test_profile`, `model`, `test_rows`. */
  inputs: z.record(z.string(), orderInput),
  /** Of the model that the job starts from, for the kinds that have one. */
  model: orderModel.optional(),
  /** Role -> the version whose file is the input of that role, for jobs that read models beside: `base`, `teacher`. */
  models: z.record(z.string(), orderModel).optional(),
  grant: z.strictObject({ read: z.array(z.string()), write: z.array(z.string()) }),
});
export type RunOrder = z.infer<typeof runOrder>;
