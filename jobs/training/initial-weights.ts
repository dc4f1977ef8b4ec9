import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { floats } from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import type { Tensor } from '../../shared/onnx/ir';
import type { Initialiser, Network, ParameterSpec, StatisticSpec, Weights } from './network';
import { generatorOf, type SeededGenerator } from './seeded-generator';

/**
 * Half-width of the uniform distribution around zero. Uniform rather than normal, because its draws use no transcendental
 * function and so repeat on every machine.
 * He: He et al., 2015, for rectifiers. Glorot: Glorot and Bengio, 2010, for outputs and symmetric activations.
 */
const limits: Readonly<Record<Extract<Initialiser, string>, (fanIn: number, fanOut: number) => number>> = {
  he: (fanIn) => Math.sqrt(6 / fanIn),
  glorot: (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)),
  zeros: () => 0,
  ones: () => 0,
};

/** Box and Muller, 1958: one of the two. */
function normal(generator: SeededGenerator): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator)));
  return radius * Math.cos(2 * Math.PI * uniformFloat64(generator));
}

function drawn({ dims, initialiser, fan }: ParameterSpec, generator: SeededGenerator): Tensor {
  if (typeof initialiser === 'object' && 'value' in initialiser) return initialiser.value;
  const values = new Float32Array(elementCount(dims));
  if (typeof initialiser === 'object' && 'standardDeviation' in initialiser) {
    for (const place of values.keys()) values[place] = normal(generator) * initialiser.standardDeviation;
    return floats(dims, values);
  }
  if (initialiser === 'ones') values.fill(1);
  const [fanIn = 1, fanOut = 1] = fan ?? dims;
  const limit = typeof initialiser === 'object' ? initialiser.limit : limits[initialiser](fanIn, fanOut);
  if (limit > 0)
    for (const place of values.keys()) values[place] = (2 * uniformFloat64(generator) - 1) * limit;
  return floats(dims, values);
}

/** Parameters before the first step: the same for the same seed. */
export function initialParameters(parameters: readonly ParameterSpec[], seed: number): Tensor[] {
  const generator = generatorOf(seed, 'initial_weights');
  return parameters.map((spec) => {
    const tensor = drawn(spec, generator);
    const rowLength = elementCount(spec.dims.slice(1));
    for (const row of spec.silentRows ?? [])
      if (tensor.data instanceof Float32Array) tensor.data.fill(0, row * rowLength, (row + 1) * rowLength);
    return tensor;
  });
}

const initialStatistic = ({ dims, initial }: StatisticSpec): Tensor =>
  typeof initial === 'number' ? floats(dims, new Float32Array(elementCount(dims)).fill(initial)) : initial;

/** Everything that a network needs, before the first step. */
export const initialWeights = ({ parameters, statistics }: Network, seed: number): Weights => ({
  parameters: initialParameters(parameters, seed),
  statistics: statistics.map(initialStatistic),
});
