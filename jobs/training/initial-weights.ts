import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { floats } from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import type { Tensor } from '../../shared/onnx/ir';
import type { Initialiser, ParameterSpec } from './layers';

/**
 * Half-width of the uniform distribution around zero. Uniform rather than normal, because its draws use no transcendental
 * function and so repeat on every machine.
 * He: He et al., 2015, for rectifiers. Glorot: Glorot and Bengio, 2010, for outputs and symmetric activations.
 */
const limits: Readonly<Record<Initialiser, (fanIn: number, fanOut: number) => number>> = {
  he: (fanIn) => Math.sqrt(6 / fanIn),
  glorot: (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)),
  zeros: () => 0,
};

export interface InitialWeights {
  seed: number;
  /** Features that no training row has: their weights get no gradient, so they start at zero and stay there. */
  silentFeatures?: readonly number[];
}

/** Weights before the first step: the same for the same seed. */
export function initialWeights(parameters: readonly ParameterSpec[], options: InitialWeights): Tensor[] {
  const generator = xoroshiro128plus(options.seed | 0);
  return parameters.map(({ dims, initialiser }, index) => {
    const [fanIn = 1, fanOut = 1] = dims;
    const limit = limits[initialiser](fanIn, fanOut);
    const values = new Float32Array(elementCount(dims));
    if (limit > 0)
      for (const place of values.keys()) values[place] = (2 * uniformFloat64(generator) - 1) * limit;
    const silent = index === 0 ? (options.silentFeatures ?? []) : [];
    for (const feature of silent) values.fill(0, feature * fanOut, (feature + 1) * fanOut);
    return floats(dims, values);
  });
}
