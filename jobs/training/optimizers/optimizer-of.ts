import type { OptimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import type { Schedule } from '../schedules';
import { addWeightDecay, type Decayed, everyParameter } from './add-weight-decay';
import { chain, type GradientTransformation } from './gradient-transformation';
import { scaleByAdagrad } from './scale-by-adagrad';
import { scaleByAdam } from './scale-by-adam';
import { scaleByLearningRate } from './scale-by-learning-rate';
import { scaleByMomentum } from './scale-by-momentum';

/** What the optimizer makes of the gradients before the learning rate. Decay ahead of the scaling is an L2 penalty. */
function directionOf(spec: OptimizerSpec, isDecayed: Decayed): GradientTransformation {
  const decay = addWeightDecay(spec.weight_decay, isDecayed);
  switch (spec.name) {
    case 'sgd':
      return spec.momentum === 0 ? decay : chain(decay, scaleByMomentum(spec));
    case 'adam':
      return chain(decay, scaleByAdam(spec));
    case 'adamw':
      return chain(scaleByAdam(spec), decay);
    case 'rmsprop':
    case 'lion':
    case 'lamb':
      throw new Error('being built');
    case 'adagrad':
      return chain(decay, scaleByAdagrad(spec));
  }
}

/** The optimizer that a spec asks for. */
export const optimizerOf = (
  spec: OptimizerSpec,
  schedule: Schedule,
  isDecayed = everyParameter,
): GradientTransformation => chain(directionOf(spec, isDecayed), scaleByLearningRate(schedule));
