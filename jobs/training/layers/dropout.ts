import { multiply } from '../../../shared/onnx/expressions';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';
import type { Network } from '../network';
import { dropoutMask } from '../random';
import { pure } from './sequential';

/** Blanks this part of the elements while training, and scales the others up; nothing when it predicts. */
export const dropout = (ratio: number): Network =>
  pure((value, { random }) => {
    const dims = staticShape(shapeOf(value));
    if (ratio === 0 || random === undefined || dims === undefined) return value;
    return multiply(value, dropoutMask(random, dims, ratio));
  });
