import { add, multiply } from '../../../shared/onnx/expressions';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { number } from '../graph-math';
import { type Augmentation, unchanged } from './augmentation';

/** Adds normal noise of this deviation to floats. */
export const noise = (deviation: number): Augmentation => ({
  ...unchanged,
  apply(examples, { random }) {
    const dims = staticShape(shapeOf(examples.features));
    if (dims === undefined) return examples;
    const drawn = multiply(random.normal(dims), number(deviation));
    return { ...examples, features: add(examples.features, drawn) };
  },
});
