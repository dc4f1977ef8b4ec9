import type { TrainSpec } from '../../shared/contracts/kinds/train';
import type { JobContext } from '../kinds/job-kind';
import type { Network } from './network';
import { matricesBut } from './optimizers/decayed';
import { optimizerOf } from './optimizers/optimizer-of';
import { withLossScaling } from './optimizers/with-loss-scaling';
import { scheduleOf } from './schedules';
import { stepsPerEpoch, type TrainOptions, totalStepsOf } from './train';
import type { Training } from './training-step';

/** How a training's steps go, whatever they learn and from what. */
export type Optimisation = Pick<
  Training,
  'optimizer' | 'precision' | 'schedule' | 'batchSize' | 'accumulation' | 'averageDecay' | 'seed'
>;

/** A step of more batches than there are would compute on rows that count nothing. */
function accumulationOf({ accumulation: asked }: TrainSpec, batches: number, { log }: Logging): number {
  if (asked > batches)
    log(
      'warn',
      `accumulation is ${batches} instead of ${asked}: the rows to train on make no more batches, and a step takes them all`,
    );
  return Math.min(asked, batches);
}

type Logging = Pick<JobContext, 'log'>;

/** What the steps are for, and who is told of them. */
interface Steps extends Logging {
  /** What is learned, which may say itself whether it decays. */
  readonly parameters: Network['parameters'];
}

/** How long a training goes on: to its epochs or steps, or until it no longer gains. */
export const extentOf = ({
  epochs,
  steps,
  early_stopping: stopping,
}: TrainSpec): Pick<TrainOptions, 'epochs' | 'steps' | 'earlyStopping'> => ({
  epochs,
  ...(steps === undefined ? {} : { steps }),
  ...(stopping ? { earlyStopping: { patience: stopping.patience, minDelta: stopping.min_delta } } : {}),
});

/** What a spec asks of the steps over so many training examples; the schedule spans all steps. */
export function optimisationOf(
  spec: TrainSpec,
  rows: number,
  { parameters, ...logging }: Steps,
): Optimisation {
  const { average_decay: averageDecay } = spec;
  const batchSize = Math.min(spec.batch_size, rows);
  const accumulation = accumulationOf(spec, Math.ceil(rows / batchSize), logging);
  const perEpoch = stepsPerEpoch(rows, batchSize * accumulation);
  const totalSteps = totalStepsOf(extentOf(spec), perEpoch);
  const schedule = scheduleOf(spec.schedule, { learningRate: spec.optimizer.learning_rate, totalSteps });
  const optimizer = optimizerOf(spec.optimizer, schedule, {
    isDecayed: matricesBut(spec.optimizer.decay_exclude, parameters),
    ...(spec.clipping ? { clipping: spec.clipping } : {}),
  });
  return {
    optimizer: spec.precision === 'mixed' ? withLossScaling(optimizer) : optimizer,
    precision: spec.precision,
    schedule,
    batchSize,
    accumulation,
    ...(averageDecay === undefined ? {} : { averageDecay }),
    seed: spec.seed,
  };
}
