import { operation } from '../../../shared/onnx/build';
import type { Initialiser, Network } from '../network';

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
