import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { shapeOf } from '../../../shared/onnx/shapes';
import type { Network } from '../network';
import { pure } from './sequential';

/** The largest of each 2 by 2 pixels of `[batch, channels, height, width]`; a side of 1 pixel stays as it is. */
export const maxPooling: Network = pure((value) => {
  const sides = (shapeOf(value) ?? []).slice(2).map((size) => (size === 1 ? 1 : 2));
  return operation('MaxPool', [value], {
    kernel_shape: attribute.ints(sides),
    strides: attribute.ints(sides),
  });
});

/** The mean of each channel of `[batch, channels, height, width]`: `[batch, channels]`. */
export const globalAveragePooling: Network = pure((value) =>
  operation('Flatten', [operation('GlobalAveragePool', [value])], { axis: attribute.int(1) }),
);

/** `[batch, …]` as `[batch, numbers]`. */
export const flattening: Network = pure((value) => operation('Flatten', [value], { axis: attribute.int(1) }));
