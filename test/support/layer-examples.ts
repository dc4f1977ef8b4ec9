import { attribute, constant, floats, input, operation, tensor } from '../../shared/onnx/build';
import type { Model, Tensor, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { tensorType } from '../../shared/onnx/shapes';
import { noise } from './random-mlp';

/** A model of one layer with weights, and something to feed it. */
export interface LayerExample {
  readonly model: Model;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

const next = noise(11);
const values = (count: number, size = 1) => Float32Array.from({ length: count }, () => next() * size);
const weights = (...dims: number[]) =>
  constant(
    floats(
      dims,
      values(
        dims.reduce((count, each) => count * each, 1),
        0.3,
      ),
    ),
    'w',
  );

const example = (dims: readonly number[], layer: (x: Value) => Value): LayerExample => {
  const x = input('x', 'float', ['batch', ...dims.slice(1)]);
  const count = dims.reduce((product, each) => product * each, 1);
  return {
    model: model({ graph: { name: 'layer', inputs: [x], outputs: [{ name: 'y', value: layer(x) }] } }),
    feeds: { x: floats(dims, values(count, 2)) },
  };
};

const lookUp = (layer: (ids: Value) => Value): LayerExample => {
  const ids = input('x', 'int64', ['batch', 3]);
  return {
    model: model({ graph: { name: 'layer', inputs: [ids], outputs: [{ name: 'y', value: layer(ids) }] } }),
    feeds: { x: tensor('int64', [2, 3], [0, 39, 7, 7, 1, 20]) },
  };
};

const recurrent = (op: string, gates: number) => (x: Value) =>
  operation(
    op,
    [
      x,
      weights(1, gates * 12, 24),
      weights(1, gates * 12, 12),
      constant(floats([1, gates * 24], values(gates * 24))),
    ],
    { hidden_size: attribute.int(12) },
    { outputs: 1 },
  );

const pads = attribute.ints([1, 1, 1, 1]);
const attentionType = tensorType('float', ['batch', 5, 32]);

/** One model for each kind of layer whose weights can be stored in fewer bits. */
export const layerExamples: Readonly<Record<string, () => LayerExample>> = {
  MatMul: () => example([3, 32], (x) => operation('MatMul', [x, weights(32, 48)])),
  'MatMul on rows of rows': () => example([2, 5, 32], (x) => operation('MatMul', [x, weights(32, 48)])),
  'MatMul by a stack of matrices': () =>
    example([2, 4, 32], (x) => operation('MatMul', [x, weights(2, 32, 24)])),
  'MatMul by a turned matrix': () =>
    example([3, 32], (x) => operation('MatMul', [x, operation('Transpose', [weights(48, 32)])])),
  'MatMul of an odd length': () => example([3, 50], (x) => operation('MatMul', [x, weights(50, 31)])),
  Gemm: () =>
    example([3, 32], (x) =>
      operation('Gemm', [x, weights(48, 32), constant(floats([48], values(48)))], {
        transB: attribute.int(1),
        alpha: attribute.float(-0.5),
        beta: attribute.float(3),
      }),
    ),
  'Gemm with a plain bias': () =>
    example([3, 32], (x) => operation('Gemm', [x, weights(32, 48), constant(floats([48], values(48)))])),
  Conv: () =>
    example([2, 8, 6, 6], (x) =>
      operation('Conv', [x, weights(16, 8, 3, 3), constant(floats([16], values(16)))], { pads }),
    ),
  'Conv over a line': () => example([2, 8, 20], (x) => operation('Conv', [x, weights(24, 8, 5)])),
  'Conv in groups': () =>
    example([2, 8, 6, 6], (x) =>
      operation('Conv', [x, weights(64, 4, 3, 3)], { group: attribute.int(2), pads }),
    ),
  LSTM: () => example([4, 2, 24], recurrent('LSTM', 4)),
  Gather: () => lookUp((ids) => operation('Gather', [weights(40, 32), ids])),
  Attention: () =>
    example([2, 5, 32], (x) =>
      operation(
        'Attention',
        [x, weights(32, 96), constant(floats([96], values(96)))],
        { num_heads: attribute.int(4), unidirectional: attribute.int(1) },
        { domain: 'com.microsoft', types: [attentionType] },
      ),
    ),
  GRU: () => example([4, 2, 24], recurrent('GRU', 3)),
  ConvTranspose: () => example([2, 8, 6, 6], (x) => operation('ConvTranspose', [x, weights(8, 16, 3, 3)])),
};
