import { constant, floats } from '../../../shared/onnx/build';
import { castTo, multiply, subtract, transpose } from '../../../shared/onnx/expressions';
import type { Network } from '../network';
import { pure } from './sequential';

/** Of the pixels of the training rows, one number a channel. */
export interface PixelStatistics {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

const row = (values: readonly number[]) => constant(floats([values.length], values));

/**
 * Pixels of any numeric type, `[batch, height, width, channels]`, at mean 0 and deviation 1 a channel, in the order that
 * convolutions read: `[batch, channels, height, width]`.
 */
export const pixelNormalization = ({ means, deviations }: PixelStatistics): Network =>
  pure((value) => {
    const centred = subtract(castTo(value, 'float'), row(means));
    return transpose(multiply(centred, row(deviations.map((deviation) => 1 / deviation))), [0, 3, 1, 2]);
  });
