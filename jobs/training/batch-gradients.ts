import { add, divide, multiply, subtract } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { differentiate } from '../autodiff/differentiate';
import type { AugmentedExamples } from './augmentation/augmentation';
import { number, sumOf } from './graph-math';
import type { Loss } from './losses/loss';
import { computeInHalf } from './mixed-precision/compute-in-half';
import { forward, type Network, type TrainingPass } from './network';
import type { GradientTransformation } from './optimizers/gradient-transformation';
import { randomSource } from './random';
import type { StateOf } from './training-state';

/** What is learned, against what, and in which precision. */
export interface Objective {
  readonly network: Network;
  readonly loss: Loss;
  readonly optimizer: GradientTransformation;
  /** `mixed`: forwards and backwards partly in float16; the optimizer then scales the loss. */
  readonly precision?: 'float32' | 'mixed';
  /** Of everything that is drawn at random. */
  readonly seed: number;
}

/** One batch, and what was drawn for it. */
export interface Batch extends AugmentedExamples {
  /** `[batch]`: 1, or 0 for a row that only fills a last batch up. */
  readonly weights: Value;
}

export interface Gradients {
  /** Mean, or of a sum that is still to be divided. */
  readonly loss: Value;
  readonly directions: readonly Value[];
  readonly statistics: readonly Value[];
  readonly weight: Value;
}

/** The losses of a batch's rows, added up, and what the sum is to be divided by. */
interface WeighedLoss {
  readonly sum: Value;
  readonly weight: Value;
}

type Compared = Pick<Batch, 'targets' | 'weights'>;

function lossAgainst(loss: Loss, outputs: Value, { targets, weights }: Compared): WeighedLoss {
  const given = loss.rowWeights?.(targets);
  const counted = given === undefined ? weights : multiply(weights, given);
  return { sum: sumOf(multiply(loss.perRow(outputs, targets), counted)), weight: sumOf(counted) };
}

/** Rows that were mixed are held against both of their targets. */
function lossOfBatch(loss: Loss, outputs: Value, { mixed, ...batch }: Batch): WeighedLoss {
  if (mixed === undefined) return lossAgainst(loss, outputs, batch);
  const rest = subtract(number(1), mixed.fraction);
  const against = (targets: Value, part: Value) =>
    lossAgainst(loss, outputs, { targets, weights: multiply(batch.weights, part) });
  const [own, other] = [against(batch.targets, mixed.fraction), against(mixed.targets, rest)];
  return { sum: add(own.sum, other.sum), weight: add(own.weight, other.weight) };
}

/** The network's outputs and statistics, computed in the precision that is asked for. */
function passOf(
  { network, precision }: Objective,
  batch: Batch,
  using: Parameters<typeof forward>[2],
): TrainingPass {
  const pass = forward(network, batch.features, using);
  if (precision !== 'mixed') return pass;
  const [outputs = pass.outputs, ...statistics] = computeInHalf(
    [pass.outputs, ...pass.statistics],
    batch.features,
  );
  return { outputs, statistics };
}

/** Who learns, and where in the training it stands. */
export interface Learner {
  readonly training: Objective;
  readonly state: StateOf<Value>;
  /** Of all batches since the beginning: random numbers are drawn by it. */
  readonly batchNumber: Value;
}

/** Model, loss and gradients of one batch as one expression; `reduction` says what the gradients are of. */
export function gradientsOf(
  { training, state, batchNumber }: Learner,
  batch: Batch,
  reduction: 'mean' | 'sum',
): Gradients {
  const { loss, optimizer, seed } = training;
  const random = randomSource(seed, batchNumber, 'network');
  const pass = passOf(training, batch, { weights: state, random });
  const { sum, weight } = lossOfBatch(loss, pass.outputs, batch);
  const reduced = reduction === 'mean' ? divide(sum, weight) : sum;
  const scale = optimizer.lossScale?.(state.optimizer);
  return {
    loss: reduced,
    directions: differentiate(scale === undefined ? reduced : multiply(reduced, scale), state.parameters),
    statistics: pass.statistics,
    weight,
  };
}
