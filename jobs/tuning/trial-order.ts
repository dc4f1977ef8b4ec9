import { z } from 'zod';
import { jobManifest } from '../../shared/contracts/events';
import { jobProgress } from '../../shared/contracts/job';
import { runOrder } from '../../shared/contracts/run-order';

/** What a trial's process is told, in a file: everything lies in folders of the job that started it. */
export const trialOrder = z.strictObject({
  /** Of a training; parsed again by its kind. */
  spec: z.record(z.string(), z.unknown()),
  /** Role -> path of the decrypted input. */
  inputs: z.record(z.string(), z.string()),
  model: runOrder.shape.model,
  models: runOrder.shape.models,
  /** The trial's own: outputs, checkpoints and the outcome go there. */
  folder: z.string(),
  threads: z.number().int(),
  provider: z.enum(['cpu', 'cuda']),
  memoryBytes: z.number(),
  /** Pauses once so many epochs are done. */
  untilEpoch: z.number().int().optional(),
});
export type TrialOrder = z.infer<typeof trialOrder>;

/** What a trial's process says while it runs. */
export const trialMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('progress'), progress: jobProgress }),
  z.strictObject({ type: z.literal('log'), level: z.enum(['info', 'warn', 'error']), message: z.string() }),
]);
export type TrialMessage = z.infer<typeof trialMessage>;

const epochs = z.array(
  z.looseObject({
    epoch: z.number().int(),
    metrics: z.record(z.string(), z.number()),
    training_loss: z.number(),
  }),
);

/** What came of it, in a file of the folder that is written last. */
export const trialOutcome = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('succeeded'),
    result: jobManifest.shape.result,
    files: z.array(z.string()),
    history: epochs,
    bestEpoch: z.number().int().optional(),
  }),
  z.strictObject({ state: z.literal('paused'), history: epochs }),
  z.strictObject({ state: z.literal('failed'), reason: z.string() }),
]);
export type TrialOutcome = z.infer<typeof trialOutcome>;

export const outcomeName = 'outcome.json';
