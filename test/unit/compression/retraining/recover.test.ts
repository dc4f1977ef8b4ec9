import { recover } from '../../../../jobs/compression/retraining/recover';
import { recoverySpec } from '../../../../shared/contracts/compression/step-spec';
import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import { DivergenceError, InterruptedError, UnusableDataError } from '../../../../shared/errors/job-errors';
import type { Model } from '../../../../shared/onnx/ir';
import { everyValue } from '../../../../shared/onnx/walk';
import {
  accuracyOn,
  digitClassifier,
  digitRows,
  digitSignature,
  withWeights,
} from '../../../support/digit-classifier';
import { noise } from '../../../support/random-mlp';
import { sampleBench } from '../../../support/sample-bench';

const rows = digitRows(60);
const heldOut = digitRows(40, 60);

/** A classifier of digits that has learned. */
async function trainedDigits(): Promise<Model> {
  const original = digitClassifier();
  const bench = sampleBench({ original, signature: digitSignature, ...rows });
  const recovery = recoverySpec.parse({
    epochs: 12,
    learning_rate: 0.005,
    label_fraction: 0.99,
    batch_size: 32,
  });
  return recover(original, { bench, recovery });
}

let trained: Promise<Model> | undefined;

async function setup(change: (data: Float32Array, name: string) => Float32Array | undefined) {
  trained ??= trainedDigits();
  const original = await trained;
  const broken = withWeights(original, (data, { name = '' }) =>
    name.endsWith('.weight') ? change(data, name) : undefined,
  );
  const bench = sampleBench({ original, signature: digitSignature, feeds: rows.feeds });
  return { original, broken, bench };
}

const noisy = () => {
  const next = noise(5);
  return (data: Float32Array) => data.map((weight) => weight + 0.15 * next());
};

const constants = ({ graph }: Model) =>
  everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) =>
    value.kind === 'constant' ? [value] : [],
  );

const weightsOf = (model: Model, name: string) =>
  Array.from(constants(model).find((value) => value.name === name)?.tensor.data ?? [], Number);

describe('recover', () => {
  it('learns from the labels alone where all of the loss is asked to be theirs', async () => {
    const { original } = await setup(() => undefined);

    const accuracy = await accuracyOn(original, heldOut);

    expect(accuracy).toBeGreaterThan(0.8);
  });

  it.each<[string, Parameters<typeof setup>[0]]>([
    ['noise in its weights', noisy()],
    ['half of its hidden units gone', (data, name) => (name === 'hidden.weight' ? halved(data) : undefined)],
  ])('wins back what a network of digits lost by %s, without labels', async (_, change) => {
    const { original, broken, bench } = await setup(change);

    const recovered = await recover(broken, {
      bench,
      recovery: recoverySpec.parse({ epochs: 6, learning_rate: 0.002, batch_size: 32 }),
    });

    const [best, worst, after] = await Promise.all(
      [original, broken, recovered].map((model) => accuracyOn(model, heldOut)),
    );
    expect(worst).toBeLessThan((best ?? 0) - 0.05);
    expect(after).toBeGreaterThan((best ?? 0) - 0.03);
  });

  it('changes nothing of a model but its weights, and gives the same ones for the same seed', async () => {
    const { broken, bench } = await setup(noisy());
    const recovery = recoverySpec.parse({ epochs: 0.5 });

    const [first, second] = [
      await recover(broken, { bench, recovery }),
      await recover(broken, { bench, recovery }),
    ];

    const described = (model: Model) => ({
      ...model,
      graph: [model.graph.inputs, model.graph.outputs.map(({ name, value }) => ({ name, type: value.type }))],
      constants: constants(model).map(({ name, type, tensor }) => [
        name,
        type,
        name?.includes('.') ? 'trained' : tensor,
      ]),
    });
    expect(described(first)).toEqual(described(broken));
    for (const name of ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias'])
      expect(weightsOf(first, name)).not.toEqual(weightsOf(broken, name));
    expect(constants(first)).toEqual(constants(second));
  });

  it('keeps zeros of pruned weights where that is asked for, and learns the others', async () => {
    const { broken, bench } = await setup((data) =>
      data.map((weight, place) => (place % 2 === 0 ? 0 : weight)),
    );
    const recovery = recoverySpec.parse({ epochs: 2, learning_rate: 0.002 });

    const free = await recover(broken, { bench, recovery });
    const kept = await recover(broken, { bench, recovery, keepZeros: true });

    const zerosOf = (model: Model) => weightsOf(model, 'output.weight').filter((_, place) => place % 2 === 0);
    expect(zerosOf(kept).every((weight) => weight === 0)).toBe(true);
    expect(weightsOf(kept, 'output.weight')).not.toEqual(weightsOf(broken, 'output.weight'));
    expect(zerosOf(free).some((weight) => weight !== 0)).toBe(true);
  });

  it('learns from as many rows as a quarter of the memory holds, and says so', async () => {
    const { original } = await setup(() => undefined);
    const bench = sampleBench({
      original,
      signature: digitSignature,
      feeds: digitRows(200).feeds,
      memoryBytes: 2 ** 22,
    });

    await recover(original, { bench, recovery: recoverySpec.parse({ epochs: 0.1, batch_size: 8 }) });

    const perRow = 784 + 11 * 4;
    const fitting = Math.floor(2 ** 20 / perRow);
    expect(bench.logs).toEqual([`${fitting} of the 2000 rows are learned from: more take too much memory`]);
  });

  it('fails where the loss is no longer a number, and tells at which step', async () => {
    const { broken, bench } = await setup((data, name) =>
      name === 'hidden.weight' ? data.map(() => Number.NaN) : undefined,
    );

    const recovering = recover(broken, { bench, recovery: recoverySpec.parse({ epochs: 1 }) });

    await expect(recovering).rejects.toThrow(DivergenceError);
    await expect(recovering).rejects.toThrow(/training diverged at step \d+: the loss is/);
  });

  it('refuses a model without trainable weights, one that answers with no numbers, and rows that are none', async () => {
    const { original, bench } = await setup(() => undefined);
    const recovery = recoverySpec.parse({});
    const [label] = original.graph.outputs;
    const labelled = { ...original, graph: { ...original.graph, outputs: label ? [label] : [] } };
    const { samples: _, ...withoutSamples } = bench;

    await expect(recover(labelled, { bench, recovery })).rejects.toThrow(
      /none of the model's outputs is of floats that rest on trainable weights.+'label' int64/,
    );
    await expect(recover(labelled, { bench, recovery })).rejects.toThrow(UnsuitableModelError);
    await expect(recover(original, { bench: withoutSamples, recovery })).rejects.toThrow(UnusableDataError);
  });

  it('fails as interrupted when it is told to stop', async () => {
    const { original } = await setup(() => undefined);
    const signal = AbortSignal.abort('SIGTERM');
    const bench = sampleBench({ original, signature: digitSignature, feeds: rows.feeds, signal });

    const recovering = recover(original, { bench, recovery: recoverySpec.parse({}) });

    await expect(recovering).rejects.toThrow(InterruptedError);
  });
});

function halved(data: Float32Array): Float32Array {
  return data.map((weight, place) => (place % 32 < 16 ? 0 : weight));
}
