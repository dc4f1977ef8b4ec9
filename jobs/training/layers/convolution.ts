import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import type { Initialiser, Network } from '../network';

export interface ConvolutionOptions {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Pixels of the kernel's side: odd. */
  readonly kernel?: number;
  readonly stride?: number;
  readonly initialiser?: Initialiser;
  /** False where a normalisation behind it would take the bias away again. */
  readonly bias?: boolean;
}

/** Slides over `[batch, inputs, height, width]`, padded so that a stride of 1 keeps height and width. Kernels of 3 by 3 where none is given. */
export function convolution({
  name,
  inputs,
  outputs,
  kernel = 3,
  stride = 1,
  initialiser = 'he',
  bias = false,
}: ConvolutionOptions): Network {
  const names = { weight: `${name}.weight`, bias: `${name}.bias` };
  const places = kernel * kernel;
  const dims = [outputs, inputs, kernel, kernel];
  const border = Math.floor(kernel / 2);
  const attributes = {
    kernel_shape: attribute.ints([kernel, kernel]),
    strides: attribute.ints([stride, stride]),
    pads: attribute.ints([border, border, border, border]),
  };
  return {
    parameters: [
      { name: names.weight, dims, initialiser, fan: [inputs * places, outputs * places] },
      ...(bias ? [{ name: names.bias, dims: [outputs], initialiser: 'zeros' } as const] : []),
    ],
    statistics: [],
    apply: (value, { parameter }) =>
      operation(
        'Conv',
        [value, parameter(names.weight), ...(bias ? [parameter(names.bias)] : [])],
        attributes,
      ),
  };
}
