import { attributeOf } from '../../../shared/onnx/attributes';
import { attribute, operation } from '../../../shared/onnx/build';
import {
  castLike,
  divide,
  equal,
  filledLike,
  ints,
  multiply,
  negate,
  scalarLike,
  where,
} from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import type { Decomposition, Decompositions } from './decomposition';

const sumOf = (value: Value): Value => operation('ReduceSum', [value], { keepdims: attribute.int(0) });

interface Labels {
  /** Class numbers, with zero where a row does not count. */
  readonly indices: Value;
  /** What each row counts. */
  readonly weights: Value;
}

function labelsOf(
  logarithms: Value,
  labels: Value,
  classWeights: Value | undefined,
  node: OperationValue,
): Labels {
  const ignored = attributeOf.int(node.attributes, 'ignore_index');
  const skipped = ignored === undefined ? undefined : equal(labels, scalarLike(ignored, labels));
  const indices = skipped === undefined ? labels : where(skipped, scalarLike(0, labels), labels);
  const like = operation('Gather', [logarithms, ints([0])], { axis: attribute.int(1) });
  const ones = operation('Squeeze', [filledLike(1, like), ints([1])]);
  const weights = classWeights === undefined ? ones : operation('Gather', [classWeights, indices]);
  return {
    indices,
    weights: skipped === undefined ? weights : where(skipped, scalarLike(0, weights), weights),
  };
}

/** [batch, classes, ...] of log-probabilities and [batch, ...] of class numbers make a loss. */
function likelihoodLoss(
  logarithms: Value,
  labels: Value,
  classWeights: Value | undefined,
  node: OperationValue,
): Value {
  const { indices, weights } = labelsOf(logarithms, labels, classWeights, node);
  const axis = { axis: attribute.int(1) };
  const picked = operation(
    'GatherElements',
    [logarithms, operation('Unsqueeze', [indices, ints([1])])],
    axis,
  );
  const losses = negate(multiply(operation('Squeeze', [picked, ints([1])]), castLike(weights, logarithms)));
  const reduction = attributeOf.string(node.attributes, 'reduction') ?? 'mean';
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? sumOf(losses) : divide(sumOf(losses), sumOf(weights));
}

const negativeLogLikelihood: Decomposition = ([logarithms, labels, classWeights], node) =>
  logarithms && labels ? [likelihoodLoss(logarithms, labels, classWeights, node)] : [];

const softmaxCrossEntropy: Decomposition = ([scores, labels, classWeights], node) => {
  if (scores === undefined || labels === undefined) return [];
  const logarithms = operation('LogSoftmax', [scores], { axis: attribute.int(1) });
  return [likelihoodLoss(logarithms, labels, classWeights, node), logarithms];
};

/** Losses that ONNX has as one operator. */
export const lossDecompositions: Decompositions = {
  NegativeLogLikelihoodLoss: negativeLogLikelihood,
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
};
