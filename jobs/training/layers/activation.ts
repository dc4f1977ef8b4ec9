import { operation } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import type { Initialiser, Network } from '../network';
import { pure } from './sequential';

export type ActivationName = 'relu' | 'tanh' | 'gelu';

const activations: Readonly<Record<ActivationName, (value: Value) => Value>> = {
  relu: (value) => operation('Relu', [value]),
  tanh: (value) => operation('Tanh', [value]),
  /** Gaussian error linear unit (Hendrycks and Gimpel, 2016), not its approximation: with its gradient it is the faster one here. */
  gelu: (value) => operation('Gelu', [value]),
};

export const activation = (name: ActivationName): Network => pure(activations[name]);

/** What keeps the variance of a layer's outputs by the activation behind it. */
export const initialiserFor = (name: ActivationName): Initialiser => (name === 'tanh' ? 'glorot' : 'he');
