import { attribute } from '../../shared/onnx/attributes';
import { operation } from '../../shared/onnx/build';
import { multiply } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../shared/onnx/shapes';
import type { Initialiser, Network } from './network';
import { dropoutMask } from './random';

/** A part of a network without tensors of its own. */
export const pure = (apply: Network['apply']): Network => ({ parameters: [], statistics: [], apply });

/** One after the other. */
export const sequential = (...layers: readonly Network[]): Network => ({
  parameters: layers.flatMap(({ parameters }) => parameters),
  statistics: layers.flatMap(({ statistics }) => statistics),
  apply: (value, pass) => layers.reduce((reached, layer) => layer.apply(reached, pass), value),
});

export interface DenseOptions {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly initialiser: Initialiser;
  /** Features that no training row has: their weights get no gradient, so they start at zero and stay there. */
  readonly silentFeatures?: readonly number[];
}

/** An affine map of `[batch, inputs]`; the bias is the addend of the same Gemm. */
export function dense({ name, inputs, outputs, initialiser, silentFeatures }: DenseOptions): Network {
  const names = { weight: `${name}.weight`, bias: `${name}.bias` };
  const silent = silentFeatures ? { silentRows: silentFeatures } : {};
  return {
    parameters: [
      { name: names.weight, dims: [inputs, outputs], initialiser, ...silent },
      { name: names.bias, dims: [outputs], initialiser: 'zeros' },
    ],
    statistics: [],
    apply: (value, pass) =>
      operation('Gemm', [value, pass.parameter(names.weight), pass.parameter(names.bias)]),
  };
}

export type ActivationName = 'relu' | 'tanh' | 'gelu';

const activations: Readonly<Record<ActivationName, (value: Value) => Value>> = {
  relu: (value) => operation('Relu', [value]),
  tanh: (value) => operation('Tanh', [value]),
  /** Gaussian error linear unit by its tanh approximation (Hendrycks and Gimpel, 2016). */
  gelu: (value) => operation('Gelu', [value], { approximate: attribute.string('tanh') }),
};

export const activation = (name: ActivationName): Network => pure(activations[name]);

/** What keeps the variance of a layer's outputs by the activation behind it. */
export const initialiserFor = (name: ActivationName): Initialiser => (name === 'tanh' ? 'glorot' : 'he');

/** Blanks this part of the elements while training, and scales the others up; nothing when it predicts. */
export const dropout = (ratio: number): Network =>
  pure((value, { random }) => {
    const dims = staticShape(shapeOf(value));
    if (ratio === 0 || random === undefined || dims === undefined) return value;
    return multiply(value, dropoutMask(random, dims, ratio));
  });
