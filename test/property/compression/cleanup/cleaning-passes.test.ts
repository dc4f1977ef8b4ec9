import fc from 'fast-check';
import { cleanUp } from '../../../../jobs/compression/cleanup/clean-up';
import type { CleaningPass } from '../../../../jobs/compression/cleanup/cleaning-pass';
import { dropTrainingOutputs } from '../../../../jobs/compression/cleanup/drop-training-outputs';
import { dropUnreadChannels } from '../../../../jobs/compression/cleanup/drop-unread-channels';
import { flushTinyWeights } from '../../../../jobs/compression/cleanup/flush-tiny-weights';
import { foldConstantChannels } from '../../../../jobs/compression/cleanup/fold-constant-channels';
import { foldConstants } from '../../../../jobs/compression/cleanup/fold-constants';
import { foldScaling } from '../../../../jobs/compression/cleanup/fold-scaling';
import { foldShapes } from '../../../../jobs/compression/cleanup/fold-shapes';
import { inlineBranches } from '../../../../jobs/compression/cleanup/inline-branches';
import { mergeDuplicates } from '../../../../jobs/compression/cleanup/merge-duplicates';
import { removeIdentities } from '../../../../jobs/compression/cleanup/remove-identities';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { floats } from '../../../../shared/onnx/build';
import { elementCount } from '../../../../shared/onnx/element-types';
import type { Graph, Model, Tensor } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { shapeOf, staticShape } from '../../../../shared/onnx/shapes';
import { verifyGraph } from '../../../../shared/onnx/verify';
import { writeModel } from '../../../../shared/onnx/write-model';
import { expectSameAnswers } from '../../../support/expect-same-answers';
import { randomGraph } from '../../../support/random-graph';
import { randomImageNetwork } from '../../../support/random-image-network';
import { noise } from '../../../support/random-mlp';
import { randomSequenceNetwork } from '../../../support/random-sequence-network';
import { runModel } from '../../../support/run-onnx';

const tools = { runtime: onnxModelRuntime(), signal: new AbortController().signal };

const passes: readonly CleaningPass[] = [
  dropTrainingOutputs,
  inlineBranches,
  foldShapes,
  removeIdentities,
  mergeDuplicates,
  foldConstants,
  foldScaling,
  flushTinyWeights,
  foldConstantChannels,
  dropUnreadChannels,
  {
    name: 'clean_up',
    apply: async (given) => {
      const { model, passes } = await cleanUp(given, tools);
      return { model, changes: passes.reduce((sum, { changes }) => sum + changes, 0) };
    },
  },
];

const kinds: readonly [string, (seed: number, size: number) => Graph][] = [
  ['image networks with dead weights', randomImageNetwork],
  ['sequence networks with attention', randomSequenceNetwork],
  ['graphs with loops and branches', randomGraph],
];

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const graphSizes = fc.integer({ min: 3, max: 12 });

const cases = passes.flatMap((pass) =>
  kinds.map(([kind, build]) => [pass.name, kind, { pass, build }] as const),
);

function feedsOf({ graph }: Model, seed: number): Record<string, Tensor> {
  const next = noise(seed);
  return Object.fromEntries(
    graph.inputs.map((bound) => {
      const dims = staticShape(shapeOf(bound)) ?? [];
      return [bound.name, floats(dims, Float32Array.from({ length: elementCount(dims) }, next))];
    }),
  );
}

describe.each(cases)('%s, on any of the %s', (_, __, { pass, build }) => {
  it('changes no answer by more than rounding, and nothing at all when applied again', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, graphSizes, async (seed, size) => {
        const given = model({ graph: build(seed, size) });
        const before = Buffer.from(writeModel(given));
        const feeds = feedsOf(given, seed);

        const once = await pass.apply(given, tools);
        const twice = await pass.apply(once.model, tools);

        verifyGraph(once.model.graph);
        expect(twice.changes).toBe(0);
        expect(twice.model).toBe(once.model);
        expectSameAnswers(await runModel(writeModel(once.model), feeds), await runModel(before, feeds));
        expect(Buffer.from(writeModel(given)).equals(before)).toBe(true);
      }),
      { numRuns: 8 },
    );
  });
});
