import * as fc from 'fast-check';
import { findChannelGroups } from '../../../../jobs/compression/pruning/channel-groups';
import { magnitudeImportance } from '../../../../jobs/compression/pruning/magnitude-importance';
import { pruneChannels } from '../../../../jobs/compression/pruning/prune-channels';
import type { ConstantValue, Model } from '../../../../shared/onnx/ir';
import { verifyGraph } from '../../../../shared/onnx/verify';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { imagesOf, layers, networkOf, silence } from '../../../support/channel-networks';
import { runModel } from '../../../support/run-onnx';

/** Channels at some places of each group, at least one of which is left. */
const isSilent = (seed: number) => (group: string, channel: number) =>
  channel > 0 && (channel * 7 + group.length + seed) % 3 === 0;

async function setup(names: readonly string[], seed: number) {
  const whole = networkOf(names, seed);
  const silent = isSilent(seed);
  const model = silence(whole, findChannelGroups(whole), silent);
  const groups = findChannelGroups(model);
  const keptByGroup = new Map(
    groups.map(({ name, size }) => [
      name,
      [...Array(size).keys()].filter((channel) => !silent(name, channel)),
    ]),
  );
  const answer = async (of: Model) => (await runModel(writeModel(of), { x: imagesOf(seed) })).y?.data ?? [];
  return { model, groups, silent, keptByGroup, answer };
}

const weightsOf = (model: Model): readonly ConstantValue[] =>
  everyValue(model.graph.outputs.map(({ value }) => value)).flatMap((value) =>
    value.kind === 'constant' && value.tensor.elementType === 'float' ? [value] : [],
  );

const bytesOf = (model: Model): number =>
  weightsOf(model)
    .filter(({ tensor: { dims } }) => dims.length % 2 === 0 && dims[0] !== 1)
    .reduce((sum, { tensor }) => sum + tensor.data.length * 4, 0);

const network = fc.record({
  names: fc.array(fc.constantFrom(...Object.keys(layers)), { minLength: 1, maxLength: 4 }),
  seed: fc.integer({ min: 1, max: 1_000 }),
});

async function keepsAnswers({ names, seed }: { names: readonly string[]; seed: number }) {
  const { model, keptByGroup, answer } = await setup(names, seed);
  const before = await answer(model);

  const { model: pruned } = await pruneChannels({ keptByGroup }).apply(model);
  verifyGraph(pruned.graph);
  const after = await answer(pruned);

  expect(bytesOf(pruned)).toBeLessThan(bytesOf(model));
  expect(after.length).toBe(before.length);
  for (const [index, value] of before.entries())
    expect(Math.abs(Number(after[index]) - Number(value))).toBeLessThan(
      1e-5 * Math.max(1, Math.abs(Number(value))),
    );
}

test.each(Object.keys(layers))('dead channels of %s leave without a trace', async (name) => {
  await keepsAnswers({ names: [name, 'conv', name], seed: 3 });
});

test('dead channels leave random networks without a trace', async () => {
  await fc.assert(fc.asyncProperty(network, keepsAnswers), { numRuns: 25 });
});

test('a pass changes nothing of the model that it is given, and says what is left of each layer', async () => {
  await fc.assert(
    fc.asyncProperty(network, async ({ names, seed }) => {
      const model = networkOf(names, seed);
      const written = writeModel(model);

      const { model: pruned, layers: decisions } = await pruneChannels({ fraction: 0.4 }).apply(model);

      const told = decisions.reduce((sum, { bytesAfter }) => sum + bytesAfter, 0);
      const former = decisions.reduce((sum, { bytesBefore }) => sum + bytesBefore, 0);
      expect(writeModel(model)).toEqual(written);
      expect(bytesOf(model) - bytesOf(pruned)).toBe(former - told);
      expect(former).toBeGreaterThan(told);
    }),
    { numRuns: 12 },
  );
});

test('a channel that is dead is the least important one', async () => {
  await fc.assert(
    fc.asyncProperty(network, async ({ names, seed }) => {
      const { groups, silent } = await setup(names, seed);

      const importance = magnitudeImportance(groups);

      for (const { name } of groups)
        for (const [channel, score] of (importance.get(name) ?? []).entries())
          expect(score === 0).toBe(silent(name, channel));
    }),
    { numRuns: 12 },
  );
});
