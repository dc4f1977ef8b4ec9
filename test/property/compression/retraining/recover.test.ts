import fc from 'fast-check';
import { recover } from '../../../../jobs/compression/retraining/recover';
import { recoverySpec } from '../../../../shared/contracts/compression/step-spec';
import { floats } from '../../../../shared/onnx/build';
import type { Model } from '../../../../shared/onnx/ir';
import { everyValue } from '../../../../shared/onnx/walk';
import { withWeights } from '../../../support/digit-classifier';
import { mlpOf, noise, randomLayers } from '../../../support/random-mlp';
import { runGraph } from '../../../support/run-onnx';
import { sampleBench } from '../../../support/sample-bench';

const network = fc.record({
  sizes: fc.array(fc.integer({ min: 2, max: 8 }), { minLength: 3, maxLength: 4 }),
  form: fc.constantFrom('matmul', 'gemm', 'gemm-transposed'),
  seed: fc.integer({ min: 1, max: 1_000 }),
});

const zerosOf = ({ graph }: Model): string[] =>
  everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) =>
    value.kind === 'constant' && value.tensor.dims.length > 1
      ? [
          Array.from<unknown, string>(value.tensor.data, (weight) => (Number(weight) === 0 ? '0' : 'x')).join(
            '',
          ),
        ]
      : [],
  );

describe('recover', () => {
  it('brings pruned networks nearer to the original, and leaves their zeros', async () => {
    await fc.assert(
      fc.asyncProperty(network, async ({ sizes, form, seed }) => {
        const original = mlpOf(randomLayers(sizes, { seed, form }));
        const pruned = withWeights(original, (data, { tensor: { dims } }) =>
          dims.length > 1 ? data.map((weight) => (Math.abs(weight) < 0.3 ? 0 : weight * 0.8)) : undefined,
        );
        const next = noise(seed);
        const width = sizes[0] ?? 1;
        const x = floats([96, width], Float32Array.from({ length: 96 * width }, next));
        const bench = sampleBench({
          original,
          signature: { task: 'other', inputs: [], outputs: [] },
          feeds: { x },
        });
        const apart = async (model: Model) => {
          const [own, wanted] = await Promise.all(
            [model, original].map(({ graph, opsets }) => runGraph(graph, { x }, opsets)),
          );
          return Array.from(own?.y?.data ?? [], Number).reduce(
            (sum, value, at) => sum + (value - Number(wanted?.y?.data[at])) ** 2,
            0,
          );
        };

        const recovered = await recover(pruned, {
          bench,
          recovery: recoverySpec.parse({ epochs: 20, learning_rate: 0.005, batch_size: 16 }),
          keepZeros: true,
        });

        expect(await apart(recovered)).toBeLessThan(await apart(pruned));
        expect(zerosOf(recovered)).toEqual(zerosOf(pruned));
      }),
      { numRuns: 8 },
    );
  });
});
