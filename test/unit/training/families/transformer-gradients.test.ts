import { differentiate } from '../../../../jobs/autodiff/differentiate';
import { nextTokenNetwork, transformerDecoder } from '../../../../jobs/training/families/transformer-decoder';
import { transformerEncoder } from '../../../../jobs/training/families/transformer-encoder';
import { softmaxCrossEntropy } from '../../../../jobs/training/losses/cross-entropy';
import { forward, type Network } from '../../../../jobs/training/network';
import { randomSource } from '../../../../jobs/training/random';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { transformerSpec } from '../../../../shared/contracts/training/model-spec';
import { constant, floats, input, operation, scalar, tensor } from '../../../../shared/onnx/build';
import { elementCount } from '../../../../shared/onnx/element-types';
import { ints, reshape } from '../../../../shared/onnx/expressions';
import type { Tensor } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { randomNumbers } from '../../../support/check-gradient';
import { formulaWeights } from '../../../support/formula-weights';

const sizes = { vocabulary: 6, length: 5 };
const ids = [1, 3, 0, 2, 5, 4, 4, 2, 1, 0];
const tokens = tensor('int64', [2, 5], ids);

const specOf = (form: 'encoder' | 'decoder', dropout: number) =>
  transformerSpec.parse({ family: 'transformer', form, layers: 2, heads: 2, width: 8, dropout });

const networks: readonly [name: string, network: Network, targets: Tensor][] = [
  [
    'encoder',
    transformerEncoder(specOf('encoder', 0), { ...sizes, outputs: 3 }),
    tensor('int64', [2], [2, 0]),
  ],
  [
    'decoder with dropout',
    nextTokenNetwork(transformerDecoder(specOf('decoder', 0.2), sizes), sizes),
    tensor('int64', [2, 5], ids.toReversed()),
  ],
];

/** A network's loss as a function of its weights, and what our rules say its gradients are. */
async function setup(network: Network, targets: Tensor) {
  const start = formulaWeights(network);
  const weights = network.parameters.map(({ name, dims }) => input(name, 'float', dims));
  const pass = forward(network, constant(tokens), {
    weights: { parameters: weights, statistics: [] },
    random: randomSource(1, constant(scalar(0, 'int64'))),
  });
  const losses = softmaxCrossEntropy.perRow(pass.outputs, constant(targets));
  const loss = operation('ReduceSum', [reshape(losses, ints([-1]))], {});
  const outputs = [loss, ...differentiate(loss, weights)].map((value, index) => ({
    name: `o${index}`,
    value,
  }));
  const bytes = writeModel(model({ graph: { name: 'loss', inputs: weights, outputs } }));
  const session = await onnxModelRuntime().load(bytes, { threads: 1 });
  const random = randomNumbers(11);
  const directions = start.map(({ dims }) =>
    Float32Array.from({ length: elementCount(dims) }, () => random() - 0.5),
  );
  const at = async (scale: number) => {
    const feeds = network.parameters.map(({ name, dims }, index) => {
      const moved = Float32Array.from(
        { length: elementCount(dims) },
        (_, place) => Number(start[index]?.data[place]) + scale * (directions[index]?.[place] ?? 0),
      );
      return [name, floats(dims, moved)] as const;
    });
    return session.run(Object.fromEntries(feeds));
  };
  return { at, directions, release: () => session.dispose() };
}

describe('gradients of a whole transformer', () => {
  it.each(networks)(
    '%s: the slope along a random direction is the one that all gradients give together',
    async (_, network, targets) => {
      const { at, directions, release } = await setup(network, targets);
      const step = 2e-3;

      const [ahead, behind, here] = [await at(step), await at(-step), await at(0)];
      const measured = (Number(ahead.o0?.data[0]) - Number(behind.o0?.data[0])) / (2 * step);
      const expected = directions.reduce(
        (sum, direction, index) =>
          direction.reduce(
            (inner, part, place) => inner + part * Number(here[`o${index + 1}`]?.data[place]),
            sum,
          ),
        0,
      );

      await release();
      expect(Math.abs(expected)).toBeGreaterThan(0.1);
      expect(Math.abs(measured / expected - 1)).toBeLessThan(1e-2);
    },
  );
});
