import fc from 'fast-check';
import { quantizeInt8Dynamic } from '../../../jobs/compression/quantize-int8-dynamic';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { floats } from '../../../shared/onnx/build';
import type { ConstantValue, Model } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { verifyGraph } from '../../../shared/onnx/verify';
import { everyValue } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { type DenseLayer, mlpOf, noise, randomLayers } from '../../support/random-mlp';

const sizes = fc.array(fc.integer({ min: 10, max: 90 }), { minLength: 2, maxLength: 4 });
const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const forms = fc.constantFrom<DenseLayer['form']>('matmul', 'gemm', 'gemm-transposed');
const networks = fc
  .record({ sizes, seed: seeds, form: forms, batch: fc.integer({ min: 1, max: 20 }) })
  .map(({ batch, ...made }) => {
    const layers = randomLayers(made.sizes, made);
    const next = noise(made.seed + 1);
    const x = Float32Array.from({ length: batch * (made.sizes[0] ?? 0) }, () => next() * 3);
    return { layers, batch, x };
  });

const runs = { numRuns: 60 };

const constantsOf = ({ graph }: Model): ConstantValue[] =>
  everyValue(graph.outputs.map(({ value }) => value)).filter((value) => value.kind === 'constant');

async function run(model: Model, x: Float32Array, batch: number): Promise<Float32Array> {
  const session = await onnxModelRuntime().load(writeModel(model), { threads: 1 });
  const { y } = await session.run({ x: floats([batch, x.length / batch], x) });
  await session.dispose();
  return Float32Array.from(y?.data ?? [], Number);
}

interface Bounded {
  values: Float64Array;
  /** How far the compressed model's values may be from these. */
  errors: Float64Array;
}

/**
 * The sum that a layer is, and how far off it may be: half a step of the column's scale for each weight, and for each
 * activation what it was off already plus a step of the batch's own scale (half for rounding, half for the zero point).
 */
function boundLayer({ rows, columns, weights, bias }: DenseLayer, input: Bounded, isInt8: boolean): Bounded {
  const batch = input.values.length / rows;
  const values = new Float64Array(batch * columns);
  const errors = new Float64Array(batch * columns);
  const upper = input.values.map((value, at) => value + (input.errors[at] ?? 0));
  const lower = input.values.map((value, at) => value - (input.errors[at] ?? 0));
  const activationStep = isInt8 ? (Math.max(0, ...upper) - Math.min(0, ...lower)) / 255 : 0;
  for (let row = 0; row < batch; row++)
    for (let column = 0; column < columns; column++) {
      const ofColumn = Array.from({ length: rows }, (_, at) => weights[at * columns + column] ?? 0);
      const weightError = isInt8 ? Math.max(...ofColumn.map(Math.abs)) / 127 / 2 : 0;
      let [sum, error] = [bias[column] ?? 0, 0];
      ofColumn.forEach((weight, at) => {
        const value = input.values[row * rows + at] ?? 0;
        const off = (input.errors[row * rows + at] ?? 0) + activationStep;
        sum += value * weight;
        error += Math.abs(value) * weightError + off * (Math.abs(weight) + weightError);
      });
      values[row * columns + column] = sum;
      errors[row * columns + column] = error * (1 + 1e-3) + 1e-4;
    }
  return { values, errors };
}

function boundNetwork(layers: readonly DenseLayer[], x: Float32Array): Bounded {
  const start: Bounded = { values: Float64Array.from(x), errors: new Float64Array(x.length) };
  return layers.reduce((input, layer, at) => {
    const output = boundLayer(layer, input, layer.weights.length >= 512);
    const isLast = at + 1 === layers.length;
    return isLast ? output : { ...output, values: output.values.map((value) => Math.max(0, value)) };
  }, start);
}

describe('int8 by dynamic quantization, on any multi-layer perceptron', () => {
  it('keeps the outputs within what rounding weights and activations to 8 bits can change', async () => {
    await fc.assert(
      fc.asyncProperty(networks, async ({ layers, batch, x }) => {
        const { values, errors } = boundNetwork(layers, x);

        const outputs = await run(quantizeInt8Dynamic.apply(mlpOf(layers)).model, x, batch);

        expect(outputs).toHaveLength(values.length);
        outputs.forEach((output, at) => {
          expect(Math.abs(output - (values[at] ?? Number.NaN))).toBeLessThanOrEqual(errors[at] ?? 0);
        });
      }),
      runs,
    );
  });

  it('keeps every weight to half a step of its column, as a batch of unit vectors shows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 16, max: 60 }),
        fc.integer({ min: 32, max: 60 }),
        seeds,
        forms,
        async (rows, columns, seed, form) => {
          const [layer] = randomLayers([rows, columns], { seed, form });
          if (layer === undefined) throw new Error('no layer');
          const unitVectors = Float32Array.from({ length: rows * rows }, (_, at) =>
            Number(at % rows === Math.floor(at / rows)),
          );

          const outputs = await run(quantizeInt8Dynamic.apply(mlpOf([layer])).model, unitVectors, rows);

          const largest = Array.from({ length: columns }, (_, column) =>
            Math.max(
              ...Array.from({ length: rows }, (_, row) =>
                Math.abs(layer.weights[row * columns + column] ?? 0),
              ),
            ),
          );
          outputs.forEach((output, at) => {
            const weight = output - (layer.bias[at % columns] ?? 0);
            const halfStep = (largest[at % columns] ?? 0) / 127 / 2;
            expect(Math.abs(weight - (layer.weights[at] ?? 0))).toBeLessThanOrEqual(halfStep + 1e-6);
          });
        },
      ),
      runs,
    );
  });

  it('stores what it compressed as int8, in at most 0.35 of the bytes, and keeps no float copy', () => {
    fc.assert(
      fc.property(networks, ({ layers }) => {
        const model = mlpOf(layers);
        const touched = quantizeInt8Dynamic.apply(model).layers.filter(({ kept }) => kept === undefined);

        const stored = constantsOf(readModel(writeModel(quantizeInt8Dynamic.apply(model).model)));

        const matrices = stored.filter(({ tensor }) => tensor.dims.length === 2);
        const int8 = matrices.filter(({ tensor }) => tensor.elementType === 'int8');
        expect(int8.map(({ name }) => name).sort()).toEqual(
          touched.map(({ layer }) => `${layer}.int8`).sort(),
        );
        expect(matrices).toHaveLength(layers.length);
        for (const { bytesBefore, bytesAfter } of touched)
          expect(bytesAfter / bytesBefore).toBeLessThanOrEqual(0.35);
      }),
      runs,
    );
  });

  it('gives a sound graph, and changes nothing when applied again', () => {
    fc.assert(
      fc.property(networks, ({ layers }) => {
        const once = quantizeInt8Dynamic.apply(mlpOf(layers)).model;

        const twice = quantizeInt8Dynamic.apply(once).model;

        expect(() => verifyGraph(once.graph)).not.toThrow();
        expect(twice).toBe(once);
        expect(quantizeInt8Dynamic.apply(once).layers.filter(({ kept }) => kept === undefined)).toEqual([]);
      }),
      runs,
    );
  });

  it('never changes the model that it is given', () => {
    fc.assert(
      fc.property(networks, ({ layers }) => {
        const model = mlpOf(layers);
        const before = Buffer.from(writeModel(model));

        quantizeInt8Dynamic.apply(model).model;

        expect(Buffer.from(writeModel(model)).equals(before)).toBe(true);
      }),
      runs,
    );
  });
});
