import type {
  ClippingSpec,
  OptimizerName,
  OptimizerSpec,
} from '../../../shared/contracts/training/optimizer-spec';
import type { Schedule } from '../schedules';
import { addL1Penalty } from './add-l1-penalty';
import { addWeightDecay } from './add-weight-decay';
import { clipByGlobalNorm } from './clip-by-global-norm';
import { clipByValue } from './clip-by-value';
import { type Decayed, everyParameter } from './decayed';
import { chain, type GradientTransformation } from './gradient-transformation';
import { scaleByAdagrad } from './scale-by-adagrad';
import { scaleByAdam } from './scale-by-adam';
import { scaleByLearningRate } from './scale-by-learning-rate';
import { scaleByLion } from './scale-by-lion';
import { scaleByMomentum } from './scale-by-momentum';
import { scaleByRmsprop } from './scale-by-rmsprop';
import { scaleByTrustRatio } from './scale-by-trust-ratio';

type SpecOf<N extends OptimizerName> = Extract<OptimizerSpec, { name: N }>;

/** What an optimizer makes of the gradients ahead of the learning rate, with its decay in front or behind. */
type DirectionOf<S> = (spec: S, decay: GradientTransformation) => GradientTransformation;

const unchanged = chain();

const directions: { readonly [N in OptimizerName]: DirectionOf<SpecOf<N>> } = {
  sgd: (spec, decay) => chain(decay, spec.momentum === 0 ? unchanged : scaleByMomentum(spec)),
  adam: (spec, decay) => chain(decay, scaleByAdam(spec)),
  adamw: (spec, decay) => chain(scaleByAdam(spec), decay),
  adagrad: (spec, decay) => chain(decay, scaleByAdagrad(spec)),
  rmsprop: (spec, decay) => chain(decay, scaleByRmsprop(spec)),
  lion: (spec, decay) => chain(scaleByLion(spec), decay),
  lamb: (spec, decay) => chain(scaleByAdam(spec), decay, scaleByTrustRatio()),
};

const directionOf = <N extends OptimizerName>(name: N, spec: SpecOf<N>, decay: GradientTransformation) =>
  directions[name](spec, decay);

export interface OptimizerOptions {
  /** Which parameters decay and penalties pull to zero; all where absent. */
  readonly isDecayed?: Decayed;
  readonly clipping?: ClippingSpec;
}

/** Both bounds may be asked for: elements are held first, and what is left of the norm is scaled down. */
const clippingOf = ({ value, global_norm: norm }: ClippingSpec): GradientTransformation =>
  chain(
    value === undefined ? unchanged : clipByValue(value),
    norm === undefined ? unchanged : clipByGlobalNorm(norm),
  );

/** The optimizer that a spec asks for: gradients are clipped, penalised, made a direction and scaled by the learning rate. */
export const optimizerOf = (
  spec: OptimizerSpec,
  schedule: Schedule,
  { isDecayed = everyParameter, clipping = {} }: OptimizerOptions = {},
): GradientTransformation =>
  chain(
    clippingOf(clipping),
    addL1Penalty(spec.l1, isDecayed),
    directionOf(spec.name, spec, addWeightDecay(spec.weight_decay, isDecayed)),
    scaleByLearningRate(schedule),
  );
