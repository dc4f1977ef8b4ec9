import type { TrainSpec } from '../../shared/contracts/kinds/train';
import { matricesBut } from './optimizers/decayed';
import { optimizerOf } from './optimizers/optimizer-of';
import { withLossScaling } from './optimizers/with-loss-scaling';
import { scheduleOf } from './schedules';
import { stepsPerEpoch, totalStepsOf } from './train';
import type { Training } from './training-step';

/** How a training's steps go, whatever they learn and from what. */
export type Optimisation = Pick<
  Training,
  'optimizer' | 'precision' | 'schedule' | 'batchSize' | 'accumulation' | 'averageDecay' | 'seed'
>;

/** What a spec asks of the steps over so many training examples; the schedule spans all steps. */
export function optimisationOf(spec: TrainSpec, rows: number): Optimisation {
  const { accumulation, average_decay: averageDecay, epochs, steps: maximumSteps } = spec;
  const batchSize = Math.min(spec.batch_size, rows);
  const perEpoch = stepsPerEpoch(rows, batchSize * accumulation);
  const totalSteps = totalStepsOf({ epochs, ...(maximumSteps ? { maximumSteps } : {}) }, perEpoch);
  const schedule = scheduleOf(spec.schedule, { learningRate: spec.optimizer.learning_rate, totalSteps });
  const optimizer = optimizerOf(spec.optimizer, schedule, {
    isDecayed: matricesBut(spec.optimizer.decay_exclude),
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
