import { attribute, constant, floats, input, operation } from '../../shared/onnx/build';
import type { Attributes, Model, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { noise } from './random-mlp';

/** Values over `[batch, channels, side, side]`, with repeatable random weights. */
export function layersFrom(seed: number) {
  const next = noise(seed);
  let made = 0;
  const numbers = (length: number, scale: number) => Float32Array.from({ length }, () => next() * scale);
  const weight = (dims: readonly number[], fan: number) => {
    const length = dims.reduce((product, size) => product * size, 1);
    return constant(floats(dims, numbers(length, Math.sqrt(6 / fan))), `weight_${made++}`);
  };
  return {
    numbers,
    conv(
      value: Value,
      [inputs, outputs]: readonly [number, number],
      kernel = 3,
      attributes: Attributes = {},
    ) {
      const border = Math.floor(kernel / 2);
      return operation(
        'Conv',
        [
          value,
          weight([outputs, inputs, kernel, kernel], inputs * kernel * kernel),
          constant(floats([outputs], numbers(outputs, 0.5)), `bias_${made}`),
        ],
        {
          kernel_shape: attribute.ints([kernel, kernel]),
          pads: attribute.ints([border, border, border, border]),
          ...attributes,
        },
      );
    },
    dense(value: Value, [inputs, outputs]: readonly [number, number]) {
      const bias = constant(floats([outputs], numbers(outputs, 0.5)), `bias_${made}`);
      return operation('Gemm', [value, weight([inputs, outputs], inputs), bias]);
    },
    relu: (value: Value) => operation('Relu', [value]),
    pool: (value: Value) =>
      operation('MaxPool', [value], {
        kernel_shape: attribute.ints([2, 2]),
        strides: attribute.ints([2, 2]),
      }),
    flat: (value: Value) => operation('Flatten', [value], { axis: attribute.int(1) }),
    add: (a: Value, b: Value) => operation('Add', [a, b]),
    join: (...values: readonly Value[]) => operation('Concat', values, { axis: attribute.int(1) }),
    mean: (value: Value) => operation('GlobalAveragePool', [value]),
  };
}

/** A model of one input `x` and one output `y`. */
export function modelOver(x: ReturnType<typeof input>, y: Value): Model {
  return model({ graph: { name: 'net', inputs: [x], outputs: [{ name: 'y', value: y }] } });
}

export interface ImageNet {
  readonly channels: number;
  readonly width: number;
  readonly side: number;
  readonly blocks: readonly ('plain' | 'pooled' | 'residual' | 'dense' | 'leaky' | 'gated')[];
  readonly seed: number;
}

/** A small network for images with the kinds of blocks that real ones are made of, input `[batch, channels, side, side]`. */
export function imageNet({ channels, width, side, blocks, seed }: ImageNet): Model {
  const layers = layersFrom(seed);
  const { conv, dense, relu, pool, add, join, mean, flat } = layers;
  const same: readonly [number, number] = [width, width];
  const make: Record<ImageNet['blocks'][number], (value: Value) => Value> = {
    plain: (value) => relu(conv(value, same)),
    pooled: (value) => pool(relu(conv(value, same))),
    residual: (value) => relu(add(conv(relu(conv(value, same)), same), value)),
    dense: (value) => conv(join(value, relu(conv(value, same))), [2 * width, width], 1),
    leaky: (value) => operation('LeakyRelu', [conv(value, same)], { alpha: attribute.float(0.1) }),
    gated: (value) => operation('Mul', [value, operation('Sigmoid', [conv(mean(value), same, 1)])]),
  };
  const x = input('x', 'float', ['batch', channels, side, side]);
  const stem = relu(conv(x, [channels, width]));
  const body = blocks.reduce<Value>((value, block) => make[block](value), stem);
  return modelOver(x, dense(flat(mean(body)), [width, 10]));
}
