import fc from 'fast-check';
import { storeWeights } from '../../../../jobs/compression/quantization/static/store-weights';
import { floats } from '../../../../shared/onnx/build';
import type { ConstantValue, Model, Tensor, Value } from '../../../../shared/onnx/ir';
import { verifyGraph } from '../../../../shared/onnx/verify';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { calibrated, relativeErrorOf, runOnce } from '../../../support/calibrated';
import { type ImageNet, imageNet } from '../../../support/random-image-net';
import { type DenseLayer, mlpOf, noise, randomLayers } from '../../../support/random-mlp';

/** What a network is made of: small to print where a law is broken. */
type Drawn =
  | { readonly kind: 'images'; readonly net: ImageNet }
  | {
      readonly kind: 'perceptron';
      readonly sizes: readonly number[];
      readonly form: DenseLayer['form'];
      readonly seed: number;
    };

const rows = 6;
const seeds = fc.integer({ min: 1, max: 2 ** 31 });

function feedsOf(seed: number, sizes: readonly number[]) {
  const next = noise(seed + 1);
  const length = sizes.reduce((product, size) => product * size, rows);
  return {
    x: floats(
      [rows, ...sizes],
      Float32Array.from({ length }, () => 2 * next()),
    ),
  };
}

function built(drawn: Drawn): { readonly model: Model; readonly feeds: { readonly x: Tensor } } {
  if (drawn.kind === 'perceptron') {
    const { sizes, seed } = drawn;
    return { model: mlpOf(randomLayers(sizes, drawn)), feeds: feedsOf(seed, [sizes[0] ?? 0]) };
  }
  const { channels, side, seed } = drawn.net;
  return { model: imageNet(drawn.net), feeds: feedsOf(seed, [channels, side, side]) };
}

const blocks = fc.constantFrom<ImageNet['blocks'][number]>(
  'plain',
  'pooled',
  'residual',
  'dense',
  'leaky',
  'gated',
);
const drawn: fc.Arbitrary<Drawn> = fc.oneof(
  fc.record({
    kind: fc.constant('images'),
    net: fc.record({
      channels: fc.integer({ min: 1, max: 5 }),
      width: fc.constantFrom(8, 16, 18, 20),
      side: fc.constantFrom(8, 10),
      blocks: fc.array(blocks, { maxLength: 3 }),
      seed: seeds,
    }),
  }),
  fc.record({
    kind: fc.constant('perceptron'),
    sizes: fc.array(fc.integer({ min: 12, max: 40 }), { minLength: 2, maxLength: 4 }),
    form: fc.constantFrom<DenseLayer['form']>('matmul', 'gemm', 'gemm-transposed'),
    seed: seeds,
  }),
);
const forms = fc.record({
  perChannel: fc.boolean(),
  symmetric: fc.boolean(),
  symmetricActivations: fc.boolean(),
  reduceRange: fc.boolean(),
});
const runs = { numRuns: 12 };

const bytesOf = (model: Model) => Buffer.from(writeModel(model));

const isInt8Weight = (value: Value): value is ConstantValue =>
  value.kind === 'constant' && value.tensor.elementType === 'int8' && value.tensor.dims.length > 1;

const int8WeightsOf = ({ graph }: Model): readonly ConstantValue[] =>
  everyValue(graph.outputs.map(({ value }) => value)).filter(isInt8Weight);

/** What AVX2's product of uint8 and int8 adds up in 16 bits: two neighbours, each with an activation of up to 255. */
function largestPair({ tensor }: ConstantValue): number {
  const magnitudes = Array.from<unknown, number>(tensor.data, (weight) => Math.abs(Number(weight)));
  const largest = Math.max(...magnitudes);
  return 255 * 2 * largest;
}

describe('static int8, on small networks of any shape', () => {
  it('stays near the answers in floats', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, forms, async (network, form) => {
        const { model, feeds } = built(network);
        const { model: int8 } = await calibrated(model, feeds, form);

        const [before, after] = [await runOnce(model, feeds), await runOnce(int8, feeds)];

        verifyGraph(int8.graph);
        expect(relativeErrorOf(before.y, after.y)).toBeLessThan(0.06);
      }),
      runs,
    );
  });

  it('is the same whether weights are stored at once or after', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, forms, async (network, form) => {
        const { model, feeds } = built(network);
        const [atOnce, floatWeights] = [
          await calibrated(model, feeds, form),
          await calibrated(model, feeds, { ...form, storedWeights: false }),
        ];

        const after = storeWeights(floatWeights.model, form);

        expect(int8WeightsOf(floatWeights.model)).toEqual([]);
        expect(bytesOf(after.model).equals(bytesOf(atOnce.model))).toBe(true);
      }),
      runs,
    );
  });

  it('gives the answers of its rounded floats', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, forms, async (network, form) => {
        const { model, feeds } = built(network);
        const floatWeights = await calibrated(model, feeds, { ...form, storedWeights: false });

        const stored = storeWeights(floatWeights.model, form);

        const [before, after] = [
          await runOnce(floatWeights.model, feeds),
          await runOnce(stored.model, feeds),
        ];
        expect(relativeErrorOf(before.y, after.y)).toBeLessThan(0.02);
      }),
      runs,
    );
  });

  it('changes nothing when applied again, and never the model that it is given', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, forms, async (network, form) => {
        const { model, feeds } = built(network);
        const before = bytesOf(model);
        const { model: once } = await calibrated(model, feeds, form);

        const twice = await calibrated(once, feeds, form);

        expect(twice.model).toBe(once);
        expect(twice.layers.filter(({ kept }) => kept === undefined)).toEqual([]);
        expect(storeWeights(once).model).toBe(once);
        expect(bytesOf(model).equals(before)).toBe(true);
      }),
      runs,
    );
  });

  it('is the same on every run, whatever the order of the rows', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, forms, async (network, form) => {
        const { model, feeds } = built(network);
        const { model: first } = await calibrated(model, feeds, form);

        const { model: second } = await calibrated(model, reversed(feeds), form);

        const [one, other] = [await runOnce(first, feeds), await runOnce(second, feeds)];
        expect(relativeErrorOf(one.y, other.y)).toBeLessThan(1e-3);
      }),
      runs,
    );
  });

  it('leaves room for the sums of processors without VNNI where the range is reduced', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, forms, async (network, form) => {
        const { model, feeds } = built(network);
        const { model: int8 } = await calibrated(model, feeds, { ...form, reduceRange: true });

        const weights = int8WeightsOf(int8);

        expect(weights.length).toBeGreaterThan(0);
        for (const weight of weights) expect(largestPair(weight)).toBeLessThanOrEqual(2 ** 15 - 1);
      }),
      runs,
    );
  });

  it('keeps any layers as they are that it is told to', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.infiniteStream(fc.boolean()), async (network, keeps) => {
        const { model, feeds } = built(network);
        const { layers } = await calibrated(model, feeds);
        const keep = layers.flatMap(({ layer }) => (keeps.next().value ? [layer] : []));

        const passed = await calibrated(model, feeds, { keep });

        const after = await runOnce(passed.model, feeds);
        expect(relativeErrorOf((await runOnce(model, feeds)).y, after.y)).toBeLessThan(0.06);
        const kept = passed.layers.filter((layer) => layer.kept !== undefined).map(({ layer }) => layer);
        expect(kept).toEqual(expect.arrayContaining(keep));
      }),
      runs,
    );
  });
});

function reversed({ x }: { readonly x: Tensor }): { readonly x: Tensor } {
  const { data: given } = x;
  if (!(given instanceof Float32Array)) throw new Error('no rows');
  const width = given.length / rows;
  const at = Array.from({ length: rows }, (_, row) => rows - 1 - row);
  const data = at.flatMap((row) =>
    Array.from<unknown, number>(given.slice(row * width, (row + 1) * width), Number),
  );
  return { x: floats(x.dims, data) };
}
