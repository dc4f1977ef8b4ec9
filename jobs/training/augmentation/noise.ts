import { constant, floats } from '../../../shared/onnx/build';
import { add, multiply } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { number } from '../graph-math';
import { type Augmentation, unchanged } from './augmentation';

const factorOf = (deviation: number | readonly number[]): Value =>
  typeof deviation === 'number' ? number(deviation) : constant(floats([deviation.length], deviation));

/** Adds normal noise to floats: of this deviation, or of one for each place of the last axis. */
export const noise = (deviation: number | readonly number[]): Augmentation => ({
  ...unchanged,
  apply(examples, { random }) {
    const dims = staticShape(shapeOf(examples.features));
    if (dims === undefined) return examples;
    const drawn = multiply(random.normal(dims), factorOf(deviation));
    return { ...examples, features: add(examples.features, drawn) };
  },
});
