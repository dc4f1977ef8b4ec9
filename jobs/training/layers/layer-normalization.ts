import { attribute, operation } from '../../../shared/onnx/build';
import type { Network } from '../network';

/** Brings the last axis to mean 0 and variance 1, then scales and shifts it by what is learned (Ba et al., 2016). */
export function layerNormalization({ name, width }: { name: string; width: number }): Network {
  const names = { scale: `${name}.weight`, shift: `${name}.bias` };
  const attributes = { axis: attribute.int(-1), epsilon: attribute.float(1e-5) };
  return {
    parameters: [
      { name: names.scale, dims: [width], initialiser: 'ones' },
      { name: names.shift, dims: [width], initialiser: 'zeros' },
    ],
    statistics: [],
    apply: (value, pass) =>
      operation(
        'LayerNormalization',
        [value, pass.parameter(names.scale), pass.parameter(names.shift)],
        attributes,
      ),
  };
}
