import { attribute } from '../../../shared/onnx/attributes';
import { constant, floats, int64s, operation } from '../../../shared/onnx/build';
import { add, castTo, divide, equal, multiply } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { number, sumOf, takeRows } from '../graph-math';
import type { Loss } from './loss';

export interface CrossEntropyOptions {
  /** This part of each target is spread over all classes (Szegedy et al., 2016); 0 where absent. */
  readonly labelSmoothing?: number;
  /** How much rows of each class count, in the order of the classes; alike where absent. */
  readonly classWeights?: readonly number[];
}

const lastAxis = { axis: attribute.int(-1) };

/** Logarithms of the classes' probabilities, in nats; classes along the last axis where no other is given. */
export const logSoftmax = (logits: Value, axis = -1): Value =>
  operation('LogSoftmax', [logits], { axis: attribute.int(axis) });

function classCount(logits: Value): number {
  const classes = shapeOf(logits)?.at(-1);
  return typeof classes === 'number' ? classes : 1;
}

/** The class of the largest logit. */
const mostProbable = (logits: Value): Value =>
  operation('ArgMax', [logits], { ...lastAxis, keepdims: attribute.int(0) });

/** 1 where the class is right, else 0. */
export const isRight = (logits: Value, targets: Value): Value =>
  castTo(equal(mostProbable(logits), targets), 'float');

/** `[batch]` as it is, and of `[batch, length]` the mean along the sequence. */
const alongSequence = (value: Value): Value =>
  shapeOf(value)?.length === 2
    ? operation('ReduceMean', [value, constant(int64s([1]))], { keepdims: attribute.int(0) })
    : value;

/** The sum of log probabilities, `on` for the class of the target and `off` for each other one. */
function chosen(logProbabilities: Value, targets: Value, [off, on]: readonly [number, number]): Value {
  const depth = constant(int64s([classCount(logProbabilities)]));
  const factors = operation('OneHot', [targets, depth, constant(floats([2], [off, on]))], lastAxis);
  return sumOf(multiply(logProbabilities, factors), -1);
}

/** What smoothing adds where classes have weights: each class counts by its own, and the row by that of its target. */
function weightedSmoothing(logProbabilities: Value, targets: Value, part: readonly number[]): Value {
  const spread = sumOf(multiply(logProbabilities, constant(floats([part.length], part))), -1);
  return divide(spread, takeRows(constant(floats([part.length], part)), targets));
}

/**
 * Cross entropy between the softmax of the logits, `[batch, classes]` or `[batch, length, classes]`, and class indices
 * (int64), in nats. Weights and smoothing are those of PyTorch's `CrossEntropyLoss`. Class weights are of whole rows alone.
 */
export function crossEntropy({ labelSmoothing = 0, classWeights }: CrossEntropyOptions = {}): Loss {
  const weights = classWeights && constant(floats([classWeights.length], classWeights));
  const perToken = (logits: Value, targets: Value): Value => {
    const logProbabilities = logSoftmax(logits);
    const spread = labelSmoothing / classCount(logits);
    if (labelSmoothing === 0 || classWeights === undefined)
      return chosen(logProbabilities, targets, [-spread, labelSmoothing - 1 - spread]);
    const smoothing = weightedSmoothing(logProbabilities, targets, classWeights);
    return add(
      chosen(logProbabilities, targets, [0, labelSmoothing - 1]),
      multiply(smoothing, number(-spread)),
    );
  };
  return {
    targets: { elementType: 'int64', dims: [] },
    perRow: (logits, targets) => alongSequence(perToken(logits, targets)),
    ...(weights ? { rowWeights: (targets: Value) => takeRows(weights, targets) } : {}),
    score: (logits, targets) => alongSequence(isRight(logits, targets)),
  };
}

/** What a classification is trained on where nothing else is asked for. */
export const softmaxCrossEntropy: Loss = crossEntropy();
