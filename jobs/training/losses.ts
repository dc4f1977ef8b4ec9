import { attribute } from '../../shared/onnx/attributes';
import { constant, floats, int64s, operation } from '../../shared/onnx/build';
import { divide, multiply, subtract } from '../../shared/onnx/expressions';
import type { ElementType, Value } from '../../shared/onnx/ir';
import { shapeOf } from '../../shared/onnx/shapes';
import { asColumn, sumOf, withoutColumn } from './graph-math';

/** What a network's outputs are held against. */
export interface Loss {
  /** Of one target: a class index, or a number. */
  readonly targetType: ElementType;
  /** Loss of each row, `[batch]`, of outputs `[batch, outputs]` and targets `[batch]`. */
  readonly perRow: (outputs: Value, targets: Value) => Value;
}

function classCount(logits: Value): number {
  const classes = shapeOf(logits)?.at(-1);
  return typeof classes === 'number' ? classes : 1;
}

/** Cross entropy between the softmax of the logits and a class index (int64), in nats; a binary target has two logits. */
export const softmaxCrossEntropy: Loss = {
  targetType: 'int64',
  perRow: (logits, targets) => {
    const logProbabilities = operation('LogSoftmax', [logits], { axis: attribute.int(1) });
    const depth = constant(int64s([classCount(logits)]));
    const chosen = operation('OneHot', [targets, depth, constant(floats([2], [0, -1]))], {
      axis: attribute.int(1),
    });
    return sumOf(multiply(logProbabilities, chosen), 1);
  },
};

/** Squared difference to a number. */
export const squaredError: Loss = {
  targetType: 'float',
  perRow: (outputs, targets) => {
    const error = subtract(outputs, asColumn(targets));
    return withoutColumn(multiply(error, error));
  },
};

/** Mean over the rows that count: rows of weight 0 (the padding of a last batch) change neither value nor gradient. */
export const weightedMean = (perRow: Value, weights: Value): Value =>
  divide(sumOf(multiply(perRow, weights)), sumOf(weights));

/** What each task is trained on. */
export const losses = { classification: softmaxCrossEntropy, regression: squaredError } as const;
