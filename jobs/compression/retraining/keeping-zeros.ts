import { constant, floats } from '../../../shared/onnx/build';
import { multiply } from '../../../shared/onnx/expressions';
import type { Tensor, Value } from '../../../shared/onnx/ir';
import type { Network, ParameterSpec } from '../../training/network';

/** 1 where a weight may change, and 0 where it is 0; nothing where none is. */
function maskOf({ initialiser }: ParameterSpec): Tensor | undefined {
  if (typeof initialiser !== 'object' || !('value' in initialiser)) return undefined;
  const { dims, data } = initialiser.value;
  if (!(data instanceof Float32Array) || !data.includes(0)) return undefined;
  return floats(
    dims,
    data.map((weight) => (weight === 0 ? 0 : 1)),
  );
}

/** A network whose matrices and kernels keep their zeros: each is read through a mask, which their gradients go through too. */
export function keepingZeros(network: Network): Network {
  const masks = new Map<string, Value>();
  for (const spec of network.parameters) {
    const mask = spec.dims.length > 1 ? maskOf(spec) : undefined;
    if (mask !== undefined) masks.set(spec.name, constant(mask));
  }
  return {
    ...network,
    apply: (value, pass) =>
      network.apply(value, {
        ...pass,
        parameter(name) {
          const mask = masks.get(name);
          return mask === undefined ? pass.parameter(name) : multiply(pass.parameter(name), mask);
        },
      }),
  };
}
