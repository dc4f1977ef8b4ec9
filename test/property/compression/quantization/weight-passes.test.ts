import fc from 'fast-check';
import { int8Dynamic } from '../../../../jobs/compression/quantization/dynamic/int8-dynamic';
import { float16 } from '../../../../jobs/compression/quantization/float16';
import { weightOnly } from '../../../../jobs/compression/quantization/weight-only/weight-only';
import type { WeightPass } from '../../../../jobs/compression/quantization/weight-pass';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { floats } from '../../../../shared/onnx/build';
import { elementFormats } from '../../../../shared/onnx/element-types';
import type { Model } from '../../../../shared/onnx/ir';
import { readModel } from '../../../../shared/onnx/read-model';
import { verifyGraph } from '../../../../shared/onnx/verify';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { type DenseLayer, mlpOf, noise, randomLayers } from '../../../support/random-mlp';

/** How far a weight may be off, given its layer and the column that it is in. */
type WeightError = (column: readonly number[], layer: DenseLayer) => number;

interface Form {
  readonly pass: WeightPass;
  readonly weightError: WeightError;
  /** Of the range of the activations of a batch, or of a row's block, that one of them may be off. */
  readonly activationError: number;
}

const reachOf = (values: readonly number[]) => Math.max(...values.map(Math.abs));
const rangeOf = (values: readonly number[]) => Math.max(0, ...values) - Math.min(0, ...values);

const dynamic = (
  form: { perChannel: boolean; symmetric: boolean; reduceRange: boolean; eachRow?: boolean },
  weightError: WeightError,
): Form => ({
  pass: int8Dynamic({
    per_channel: form.perChannel,
    symmetric: form.symmetric,
    reduceRange: form.reduceRange,
    eachRow: form.eachRow ?? false,
    keep: [],
    operators: ['MatMul', 'Gemm'],
  }),
  weightError,
  activationError: 1 / 255,
});

const blocks = (
  bits: 8 | 4 | 2,
  block: 16 | 32 | 64 | 128 | 256,
  symmetric: boolean,
  weightError: WeightError,
): Form => ({
  pass: weightOnly({ bits, block, symmetric, keep: [] }),
  weightError,
  activationError: 1 / 127,
});

const all = ({ weights }: DenseLayer) => [...weights];

/**
 * Half a step, by the range of a column, or of the layer: blocks, which may run over columns, are no worse. A lopsided block may
 * be off by a step.
 */
const forms: readonly Form[] = [
  dynamic({ perChannel: true, symmetric: true, reduceRange: false }, (column) => reachOf(column) / 127 / 2),
  dynamic({ perChannel: true, symmetric: false, reduceRange: false }, (column) => rangeOf(column) / 255 / 2),
  dynamic(
    { perChannel: false, symmetric: true, reduceRange: true },
    (_, layer) => reachOf(all(layer)) / 64 / 2,
  ),
  dynamic(
    { perChannel: true, symmetric: true, reduceRange: false, eachRow: true },
    (column) => reachOf(column) / 127 / 2,
  ),
  blocks(8, 32, false, (_, layer) => rangeOf(all(layer)) / 255 / 2),
  blocks(8, 16, true, (_, layer) => reachOf(all(layer)) / 127 / 2),
  blocks(4, 32, false, (_, layer) => rangeOf(all(layer)) / 15 / 2),
  blocks(4, 64, true, (_, layer) => reachOf(all(layer)) / 8),
  blocks(2, 32, false, (_, layer) => rangeOf(all(layer)) / 3 / 2),
  {
    pass: float16({ keep: [] }),
    weightError: (column) => reachOf(column) * 2 ** -11 + 2 ** -25,
    activationError: 0,
  },
];

const sizes = fc.array(fc.integer({ min: 12, max: 80 }), { minLength: 2, maxLength: 4 });
const networks = fc
  .record({
    sizes,
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
    dense: fc.constantFrom<DenseLayer['form']>('matmul', 'gemm', 'gemm-transposed'),
    batch: fc.integer({ min: 1, max: 12 }),
    form: fc.constantFrom(...forms),
  })
  .map(({ batch, form, dense, ...made }) => {
    const layers = randomLayers(made.sizes, { seed: made.seed, form: dense });
    const next = noise(made.seed + 1);
    const x = Float32Array.from({ length: batch * (made.sizes[0] ?? 0) }, () => next() * 3);
    return { layers, batch, x, form };
  });

const runs = { numRuns: 30 };

async function run(model: Model, x: Float32Array, batch: number): Promise<Float32Array> {
  const session = await onnxModelRuntime().load(writeModel(model), { threads: 1 });
  const { y } = await session.run({ x: floats([batch, x.length / batch], x) });
  await session.dispose();
  return Float32Array.from(y?.data ?? [], Number);
}

const columnsOf = ({ weights, rows, columns }: DenseLayer): number[][] =>
  Array.from({ length: columns }, (_, column) =>
    Array.from({ length: rows }, (__, row) => weights[row * columns + column] ?? 0),
  );

interface Bounded {
  values: Float64Array;
  /** How far the compressed model's values may be from these. */
  errors: Float64Array;
}

/** The sum that a layer is, and how far off it may be by the errors of weights, activations and what came before. */
function boundLayer(layer: DenseLayer, input: Bounded, form: Form | undefined): Bounded {
  const { rows, columns, bias } = layer;
  const batch = input.values.length / rows;
  const values = new Float64Array(batch * columns);
  const errors = new Float64Array(batch * columns);
  const reach = Math.max(...input.values.map((value, at) => Math.abs(value) + (input.errors[at] ?? 0)));
  const activationStep = form === undefined ? 0 : 2 * reach * form.activationError;
  for (const [column, weights] of columnsOf(layer).entries()) {
    const weightError = form?.weightError(weights, layer) ?? 0;
    for (let row = 0; row < batch; row++) {
      let [sum, error] = [bias[column] ?? 0, 0];
      weights.forEach((weight, at) => {
        const value = input.values[row * rows + at] ?? 0;
        const off = (input.errors[row * rows + at] ?? 0) + activationStep;
        sum += value * weight;
        error += Math.abs(value) * weightError + off * (Math.abs(weight) + weightError);
      });
      values[row * columns + column] = sum;
      errors[row * columns + column] = error * (1 + 1e-3) + 1e-4;
    }
  }
  return { values, errors };
}

function boundNetwork(layers: readonly DenseLayer[], x: Float32Array, form: Form, kept: boolean[]): Bounded {
  const start: Bounded = { values: Float64Array.from(x), errors: new Float64Array(x.length) };
  return layers.reduce((input, layer, at) => {
    const result = boundLayer(layer, input, kept[at] ? undefined : form);
    const isLast = at + 1 === layers.length;
    return isLast ? result : { ...result, values: result.values.map((value) => Math.max(0, value)) };
  }, start);
}

/** Bytes of the constants that only one of the models has. */
function newBytes(before: Model, after: Model): number {
  const constantsOf = ({ graph }: Model) =>
    everyValue(graph.outputs.map(({ value }) => value)).filter((value) => value.kind === 'constant');
  const old = new Set(constantsOf(before));
  return constantsOf(after)
    .filter((value) => !old.has(value) && value.name !== undefined)
    .reduce(
      (sum, { tensor: { data, elementType } }) =>
        sum + data.length * (elementFormats[elementType].storage?.BYTES_PER_ELEMENT ?? 0),
      0,
    );
}

describe('weights in fewer bits, in any multi-layer perceptron', () => {
  it('keep the outputs within what rounding weights and activations can change', async () => {
    await fc.assert(
      fc.asyncProperty(networks, async ({ layers, batch, x, form }) => {
        const { model, layers: decisions } = form.pass.apply(mlpOf(layers));

        const outputs = await run(model, x, batch);

        const kept = decisions.map((decision) => decision.kept !== undefined);
        const { values, errors } = boundNetwork(layers, x, form, kept);
        expect(outputs).toHaveLength(values.length);
        const beyond = [...outputs].filter(
          (output, at) => !(Math.abs(output - (values[at] ?? Number.NaN)) <= (errors[at] ?? 0)),
        );
        expect(beyond).toEqual([]);
      }),
      runs,
    );
  });

  it('stay within half a step of what they were, as a batch of unit vectors shows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 24, max: 60 }),
        fc.integer({ min: 32, max: 60 }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.constantFrom(...forms),
        async (rows, columns, seed, form) => {
          const [layer] = randomLayers([rows, columns], { seed });
          if (layer === undefined) throw new Error('no layer');
          const unit = Float32Array.from({ length: rows * rows }, (_, at) =>
            Number(at % rows === Math.floor(at / rows)),
          );

          const outputs = await run(form.pass.apply(mlpOf([layer])).model, unit, rows);

          const off = columnsOf(layer).flatMap((weights, column) => {
            const allowed = form.weightError(weights, layer);
            return weights.map((weight, row) => {
              const found = (outputs[row * columns + column] ?? 0) - (layer.bias[column] ?? 0);
              return Math.abs(found - weight) - allowed;
            });
          });
          expect(Math.max(...off)).toBeLessThan(2e-6);
        },
      ),
      runs,
    );
  });

  it('take the bytes that the report tells', () => {
    fc.assert(
      fc.property(networks, ({ layers, form }) => {
        const model = mlpOf(layers);

        const { model: made, layers: decisions } = form.pass.apply(model);

        const touched = decisions.filter(({ kept }) => kept === undefined);
        const told = touched.reduce((sum, { bytesAfter }) => sum + bytesAfter, 0);
        expect(newBytes(model, made)).toBe(told);
      }),
      runs,
    );
  });

  it('give a sound graph, the same from a file, which the pass leaves as it is', () => {
    fc.assert(
      fc.property(networks, ({ layers, form: { pass } }) => {
        const { model: once } = pass.apply(mlpOf(layers));

        const again = pass.apply(readModel(writeModel(once)));

        expect(() => verifyGraph(once.graph)).not.toThrow();
        expect(pass.apply(once).model).toBe(once);
        expect(again.layers.filter(({ kept }) => kept === undefined)).toEqual([]);
      }),
      runs,
    );
  });

  it('never change the model that they are given', () => {
    fc.assert(
      fc.property(networks, ({ layers, form: { pass } }) => {
        const model = mlpOf(layers);
        const before = Buffer.from(writeModel(model));

        pass.apply(model);

        expect(Buffer.from(writeModel(model)).equals(before)).toBe(true);
      }),
      runs,
    );
  });
});
