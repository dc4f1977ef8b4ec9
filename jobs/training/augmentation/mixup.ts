import { randomBeta } from 'd3-random';
import { operation } from '../../../shared/onnx/build';
import { add, ints, multiply, subtract } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import type { Augmentation } from './augmentation';
import { drawingOf } from './drawing';

/** The rows from the last to the first: a batch is in random order, so each row gets a random partner. */
const reversed = (rows: Value): Value =>
  operation('Slice', [rows, ints([-1]), ints([-(2 ** 31)]), ints([0]), ints([-1])]);

/**
 * MixUp (Zhang et al., 2018): each row of floats is mixed with another one of its batch, by a fraction that the batch draws
 * from Beta(alpha, alpha), and its loss is mixed of both targets' by the same.
 */
export const mixup = (alpha: number, seed: number): Augmentation => ({
  ...drawingOf({
    name: 'mixup',
    seed,
    dims: [],
    perRow: false,
    draw: (uniform) => [randomBeta.source(uniform)(alpha, alpha)()],
  }),
  apply(examples, { drawn: { mixup: fraction } }) {
    if (fraction === undefined) return examples;
    const other = multiply(reversed(examples.features), subtract(number(1), fraction));
    const features = add(multiply(examples.features, fraction), other);
    return { ...examples, features, mixed: { targets: reversed(examples.targets), fraction } };
  },
});
