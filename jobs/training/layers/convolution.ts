import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import type { Network } from '../network';

export interface ConvolutionOptions {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Pixels of the kernel's side: odd. 3 where absent. */
  readonly kernel?: number;
  readonly stride?: number;
}

/**
 * Slides over `[batch, inputs, height, width]`, padded so that a stride of 1 keeps height and width. It has no bias: a batch
 * normalization behind it would take it away again.
 */
export function convolution({ name, inputs, outputs, kernel = 3, stride = 1 }: ConvolutionOptions): Network {
  const weight = `${name}.weight`;
  const places = kernel * kernel;
  const border = Math.floor(kernel / 2);
  const attributes = {
    kernel_shape: attribute.ints([kernel, kernel]),
    strides: attribute.ints([stride, stride]),
    pads: attribute.ints([border, border, border, border]),
  };
  return {
    parameters: [
      {
        name: weight,
        dims: [outputs, inputs, kernel, kernel],
        initialiser: 'he',
        fan: [inputs * places, outputs * places],
      },
    ],
    statistics: [],
    apply: (value, { parameter }) => operation('Conv', [value, parameter(weight)], attributes),
  };
}
