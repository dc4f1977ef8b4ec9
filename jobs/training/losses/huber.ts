import { operation } from '../../../shared/onnx/build';
import { multiply, subtract } from '../../../shared/onnx/expressions';
import { number } from '../graph-math';
import { lossOfDifference, magnitude } from './difference';
import type { Loss } from './loss';

/** Half the square of a difference up to delta, and beyond it as steep as there (Huber, 1964); PyTorch's `HuberLoss`. */
export const huber = (delta: number): Loss =>
  lossOfDifference((error) => {
    const size = magnitude(error);
    const near = operation('Min', [size, number(delta)]);
    return multiply(near, subtract(size, multiply(near, number(0.5))));
  });
