import { operation } from '../../../shared/onnx/build';
import { add, castTo, equal, greater, multiply, negate, subtract } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number, withoutColumn } from '../graph-math';
import type { Loss } from './loss';

const softplus = (value: Value): Value => operation('Softplus', [value]);

/**
 * Binary cross entropy with logits, in nats: one logit for each row, `[batch, 1]`, and class indices 0 or 1 (int64). The
 * loss of the second class counts by the weight, as in PyTorch's `BCEWithLogitsLoss(pos_weight)`. By softplus it is exact
 * for logits of any size.
 */
export const binaryCrossEntropy = (positiveWeight = 1): Loss => ({
  targets: { elementType: 'int64', dims: [] },
  perRow: (outputs, targets) => {
    const logits = withoutColumn(outputs);
    const isSecond = castTo(targets, 'float');
    const second = multiply(multiply(isSecond, number(positiveWeight)), softplus(negate(logits)));
    return add(second, multiply(subtract(number(1), isSecond), softplus(logits)));
  },
  score: (outputs, targets) => {
    const predicted = castTo(greater(withoutColumn(outputs), number(0)), 'int64');
    return castTo(equal(predicted, targets), 'float');
  },
});
