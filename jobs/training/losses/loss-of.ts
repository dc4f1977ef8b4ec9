import type { LossName, LossSpec } from '../../../shared/contracts/training/loss-spec';
import type { TargetEncoding } from '../target-encoding';
import { absoluteError } from './absolute-error';
import { binaryCrossEntropy } from './binary-cross-entropy';
import { crossEntropy } from './cross-entropy';
import { distillation } from './distillation';
import { huber } from './huber';
import type { Loss } from './loss';
import { squaredError } from './squared-error';

type SpecOf<N extends LossName> = Extract<LossSpec, { name: N }>;

/** The classes of a target; none of a number. */
export interface LossTarget {
  readonly classes: readonly string[];
  /** Training rows of each class, where the loss goes by them. */
  readonly classCounts?: readonly number[];
}

type LossOf<N extends LossName> = (spec: SpecOf<N>, target: LossTarget) => Loss;

const losses: { readonly [N in LossName]: LossOf<N> } = {
  cross_entropy: ({ label_smoothing, class_weights }, target) => {
    const classWeights = class_weights && weightsOf(class_weights, target);
    return crossEntropy({ labelSmoothing: label_smoothing, ...(classWeights ? { classWeights } : {}) });
  },
  binary_cross_entropy: ({ positive_weight }) => binaryCrossEntropy(positive_weight),
  mean_squared_error: () => squaredError,
  mean_absolute_error: () => absoluteError,
  huber: ({ delta }) => huber(delta),
  kl_divergence: ({ temperature, teacher_fraction }, { classes }) =>
    distillation({ classes: classes.length, temperature, teacherFraction: teacher_fraction }),
};

type ClassWeights = NonNullable<SpecOf<'cross_entropy'>['class_weights']>;

/** A class that is not named counts 1. `balanced` is scikit-learn's: all rows / (classes · rows of the class). */
function weightsOf(given: ClassWeights, { classes, classCounts = [] }: LossTarget): number[] {
  if (given !== 'balanced') return classes.map((name) => given[name] ?? 1);
  const rows = classCounts.reduce((sum, count) => sum + count, 0);
  // a class without a training row has no row to weigh
  return classes.map((_, index) => rows / (classes.length * (classCounts[index] || rows)));
}

const named = <N extends LossName>(name: N, spec: SpecOf<N>, target: LossTarget): Loss =>
  losses[name](spec, target);

/** What is trained on where nothing is asked for. */
const ownLosses: Readonly<Record<TargetEncoding['task'], LossSpec>> = {
  classification: { name: 'cross_entropy', label_smoothing: 0 },
  regression: { name: 'mean_squared_error' },
};

/** The loss that a spec asks for, or the task's own. What it cannot be held against is refused before, by `checkLoss`. */
export function lossOf(
  spec: LossSpec | undefined,
  encoding: TargetEncoding,
  classCounts?: readonly number[],
): Loss {
  const asked = spec ?? ownLosses[encoding.task];
  const classes = encoding.task === 'classification' ? encoding.classes.map(String) : [];
  return named(asked.name, asked, { classes, ...(classCounts ? { classCounts } : {}) });
}
