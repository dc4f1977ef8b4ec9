import { z } from 'zod';
import type { Tensor } from '../../shared/onnx/ir';

/** What is told of an epoch; `metrics` are of the validation rows, by name, e.g. `validation_loss`. */
export const epochRecord = z.strictObject({
  epoch: z.number().int(),
  training_loss: z.number(),
  metrics: z.record(z.string(), z.number()),
});
export type EpochRecord = z.infer<typeof epochRecord>;

/** The weights of the epoch that validated best so far. */
export interface BestEpoch {
  readonly epoch: number;
  readonly loss: number;
  readonly parameters: readonly Tensor[];
}

/** All that training has come to: whoever goes on from it goes on exactly as if it had never stopped. */
export interface TrainingState {
  /** The epoch that is under way, from 0, and how many of its batches are done. */
  readonly epoch: number;
  readonly batch: number;
  /** Steps done in all. */
  readonly step: number;
  /** Over the rows of this epoch's batches so far. */
  readonly lossSum: number;
  readonly parameters: readonly Tensor[];
  readonly optimizer: readonly Tensor[];
  readonly history: readonly EpochRecord[];
  readonly best?: BestEpoch;
}

/** Before the first step. */
export const initialState = (parameters: readonly Tensor[], optimizer: readonly Tensor[]): TrainingState => ({
  epoch: 0,
  batch: 0,
  step: 0,
  lossSum: 0,
  parameters,
  optimizer,
  history: [],
});
