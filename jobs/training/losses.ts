import { attribute } from '../../shared/onnx/attributes';
import { constant, floats, int64s, operation } from '../../shared/onnx/build';
import { castTo, equal, multiply, subtract } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { shapeOf } from '../../shared/onnx/shapes';
import { asColumn, sumOf, withoutColumn } from './graph-math';
import { type RowType, rowOfFloats } from './row-type';

/** What a network's outputs are held against. */
export interface Loss {
  /** One target: a class index, a number, or several. */
  readonly targets: RowType;
  /** Loss of each row, `[batch]`, of outputs `[batch, outputs]` and targets `[batch]`. */
  readonly perRow: (outputs: Value, targets: Value) => Value;
  /** How much each row counts, `[batch]`; all the same where absent. The mean divides by their sum. */
  readonly rowWeights?: (targets: Value) => Value;
  /** What validation tells beside the loss, `[batch]`: 1 where the class is right, else 0; or the squared error. */
  readonly score: (outputs: Value, targets: Value) => Value;
}

function classCount(logits: Value): number {
  const classes = shapeOf(logits)?.at(-1);
  return typeof classes === 'number' ? classes : 1;
}

/** The class of the largest logit. */
const mostProbable = (logits: Value): Value =>
  operation('ArgMax', [logits], { axis: attribute.int(1), keepdims: attribute.int(0) });

/** Cross entropy between the softmax of the logits and a class index (int64), in nats; a binary target has two logits. */
export const softmaxCrossEntropy: Loss = {
  targets: { elementType: 'int64', dims: [] },
  perRow: (logits, targets) => {
    const logProbabilities = operation('LogSoftmax', [logits], { axis: attribute.int(1) });
    const depth = constant(int64s([classCount(logits)]));
    const chosen = operation('OneHot', [targets, depth, constant(floats([2], [0, -1]))], {
      axis: attribute.int(1),
    });
    return sumOf(multiply(logProbabilities, chosen), 1);
  },
  score: (logits, targets) => castTo(equal(mostProbable(logits), targets), 'float'),
};

/** Squared difference to a number. */
export const squaredError: Loss = {
  targets: rowOfFloats(),
  perRow: squaredErrorOf,
  score: squaredErrorOf,
};

function squaredErrorOf(outputs: Value, targets: Value): Value {
  const error = subtract(outputs, asColumn(targets));
  return withoutColumn(multiply(error, error));
}

/** What each task is trained on. */
export const losses = { classification: softmaxCrossEntropy, regression: squaredError } as const;
