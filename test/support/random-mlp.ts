import { attribute, constant, floats, input, operation } from '../../shared/onnx/build';
import type { Model, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';

/** One layer of a multi-layer perceptron: `x W + b`, the weights row-major `[rows, columns]`. */
export interface DenseLayer {
  readonly rows: number;
  readonly columns: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** How it is written: with MatMul and Add, or as a Gemm, its weights as they are or transposed. */
  readonly form: 'matmul' | 'gemm' | 'gemm-transposed';
}

const transposed = ({ weights, rows, columns }: DenseLayer) =>
  Float32Array.from(weights, (_, at) => weights[(at % rows) * columns + Math.floor(at / rows)] ?? 0);

const forms: Record<DenseLayer['form'], (layer: DenseLayer, x: Value, name: string) => Value> = {
  matmul: (layer, x, name) =>
    operation('Add', [
      operation('MatMul', [x, constant(floats([layer.rows, layer.columns], layer.weights), name)]),
      constant(floats([layer.columns], layer.bias)),
    ]),
  gemm: (layer, x, name) =>
    operation('Gemm', [
      x,
      constant(floats([layer.rows, layer.columns], layer.weights), name),
      constant(floats([layer.columns], layer.bias)),
    ]),
  'gemm-transposed': (layer, x, name) =>
    operation(
      'Gemm',
      [
        x,
        constant(floats([layer.columns, layer.rows], transposed(layer)), name),
        constant(floats([layer.columns], layer.bias)),
      ],
      { transB: attribute.int(1) },
    ),
};

/** Input `x` `[batch, rows of the first layer]`, output `y`, ReLU between the layers; layer `i` multiplies by `weight_i`. */
export function mlpOf(layers: readonly DenseLayer[]): Model {
  const x = input('x', 'float', ['batch', layers[0]?.rows]);
  const y = layers.reduce<Value>((value, layer, at) => {
    const sum = forms[layer.form](layer, value, `weight_${at}`);
    return at + 1 === layers.length ? sum : operation('Relu', [sum]);
  }, x);
  return model({ graph: { name: 'mlp', inputs: [x], outputs: [{ name: 'y', value: y }] } });
}

/** Repeatable numbers from [-1, 1). */
export function noise(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Layers of these sizes with weights as large as training begins with. */
export function randomLayers(
  sizes: readonly number[],
  { seed = 1, form = 'matmul' }: { seed?: number; form?: DenseLayer['form'] } = {},
): DenseLayer[] {
  const next = noise(seed);
  return sizes.slice(1).map((columns, at) => {
    const rows = sizes[at] ?? 0;
    const scale = Math.sqrt(6 / rows);
    return {
      rows,
      columns,
      form,
      weights: Float32Array.from({ length: rows * columns }, () => next() * scale),
      bias: Float32Array.from({ length: columns }, next),
    };
  });
}
