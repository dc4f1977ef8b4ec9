import { type Calibration, measureRanges } from '../../../../jobs/compression/calibration/measure-ranges';
import type { SampleBatch } from '../../../../jobs/compression/samples';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { constant, floats, input, operation } from '../../../../shared/onnx/build';
import type { Model, Tensor } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { mlpOf, noise, randomLayers } from '../../../support/random-mlp';

function setup(rows = 40, width = 16) {
  const next = noise(3);
  const x = Float32Array.from({ length: rows * width }, () => 4 * next());
  const opened: { disposed: boolean }[] = [];
  const batches = (sizes: number): readonly SampleBatch[] =>
    Array.from({ length: Math.ceil(rows / sizes) }, (_, at) => {
      const part = x.subarray(at * sizes * width, Math.min(rows, (at + 1) * sizes) * width);
      return { rows: part.length / width, feeds: { x: floats([part.length / width, width], part) } };
    });
  return {
    x,
    opened,
    calibration: (changes: Partial<Calibration> & { batch?: number } = {}): Calibration => ({
      async *samples() {
        yield* batches(changes.batch ?? 8);
      },
      rows,
      method: 'minmax',
      percentile: 99,
      symmetric: false,
      async open(made: Model) {
        const session = await onnxModelRuntime().load(writeModel(made), { threads: 1 });
        const state = { disposed: false };
        opened.push(state);
        const dispose = () => {
          state.disposed = true;
          return session.dispose();
        };
        return { ...session, dispose };
      },
      ...changes,
    }),
    mlp: mlpOf(randomLayers([width, 24, 20], { seed: 5 })),
  };
}

const rangesOf = async (made: Model, calibration: Calibration) => [
  ...(await measureRanges(made, calibration)).values(),
];

describe('measuring ranges of activations', () => {
  it('finds the extremes of what layers read', async () => {
    const { mlp, x, calibration, opened } = setup();

    const [input0, hidden] = await rangesOf(mlp, calibration());

    expect(input0).toEqual({ min: Math.min(...x), max: Math.max(...x) });
    expect(hidden?.min).toBe(0);
    expect(hidden?.max).toBeGreaterThan(1);
    expect(opened.every(({ disposed }) => disposed)).toBe(true);
  });

  it.each([1, 3, 40])('does not depend on batches of %i rows', async (batch) => {
    const { mlp, calibration } = setup();

    const ranges = await rangesOf(mlp, calibration({ batch }));

    const expected = await rangesOf(mlp, calibration());
    ranges.forEach(({ min, max }, at) => {
      expect(min).toBeCloseTo(expected[at]?.min ?? Number.NaN, 5);
      expect(max).toBeCloseTo(expected[at]?.max ?? Number.NaN, 5);
    });
  });

  it.each(['entropy', 'percentile'] as const)('cuts outliers off by %s', async (method) => {
    const { mlp, x, calibration } = setup(400);
    x[7] = 1_000;

    const [cut] = await rangesOf(mlp, calibration({ method }));

    expect(cut?.max).toBeLessThan(100);
    expect(cut?.max).toBeGreaterThan(3);
    expect(cut?.min).toBeGreaterThanOrEqual(-4);
  });

  it('reads batches of a fixed size as they are', async () => {
    const { calibration, x } = setup();
    const given = input('x', 'float', [8, 16]);
    const weight = constant(floats([16, 16], new Float32Array(256).fill(1)), 'w');
    const fixed = model({
      graph: {
        name: 'g',
        inputs: [given],
        outputs: [{ name: 'y', value: operation('MatMul', [given, weight]) }],
      },
    });

    const [range] = await rangesOf(fixed, calibration());

    expect(range).toEqual({ min: Math.min(...x), max: Math.max(...x) });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a range of %p, and names the value and the row',
    async (bad) => {
      const { mlp, x, calibration } = setup();
      x[13 * 16 + 5] = bad;

      const measured = measureRanges(mlp, calibration());

      await expect(measured).rejects.toMatchObject({
        name: 'UnusableDataError',
        message: expect.stringMatching(/'x' gives (NaN|Infinity) for row 13 of the samples/),
      });
    },
  );

  it('refuses an activation that is no number, and names the layer and the row', async () => {
    const { x, calibration } = setup();
    const [given, two] = [input('x', 'float', ['batch', 16]), constant(floats([], [2]))];
    const root = operation('Sqrt', [operation('Add', [given, constant(floats([], [4.5]))])]);
    const weight = constant(floats([16, 16], new Float32Array(256).fill(1)), 'w');
    const y = operation('MatMul', [operation('Mul', [root, two]), weight]);
    const rooted = model({ graph: { name: 'g', inputs: [given], outputs: [{ name: 'y', value: y }] } });
    x[21 * 16] = -50;

    const measured = measureRanges(rooted, calibration());

    await expect(measured).rejects.toMatchObject({
      name: 'UnusableDataError',
      message: expect.stringMatching(/'Mul' gives NaN for row 21 of the samples/),
    });
  });

  it('refuses samples without rows', async () => {
    const { mlp, calibration } = setup();

    const measured = measureRanges(mlp, calibration({ async *samples() {} }));

    await expect(measured).rejects.toThrow(/there are no rows/);
  });

  it('stops when told to, and gives its session back', async () => {
    const { mlp, calibration, opened } = setup();
    const stopping = new AbortController();
    stopping.abort();

    const measured = measureRanges(mlp, calibration({ signal: stopping.signal }));

    await expect(measured).rejects.toMatchObject({ name: 'InterruptedError' });
    expect(opened).toEqual([{ disposed: true }]);
  });

  it('asks for no more rows than it is told', async () => {
    const { mlp, calibration } = setup();
    const asked: unknown[] = [];
    const plain = calibration({ rows: 7 });

    await measureRanges(mlp, {
      ...plain,
      samples: (options) => {
        asked.push(options);
        return plain.samples(options);
      },
    });

    expect(asked).toEqual([{ mostRows: 7 }]);
  });

  it('names a single column by its input', async () => {
    const { calibration } = setup();
    const age = input('age', 'float', ['batch', 1]);
    const weight = constant(floats([1, 200], new Float32Array(200).fill(1)), 'w');
    const narrow = model({
      graph: {
        name: 'g',
        inputs: [age],
        outputs: [{ name: 'y', value: operation('MatMul', [age, weight]) }],
      },
    });
    const column: Tensor = floats([2, 1], [1, Number.NaN]);

    const measured = measureRanges(
      narrow,
      calibration({
        async *samples() {
          yield { rows: 2, feeds: { age: column } };
        },
      }),
    );

    await expect(measured).rejects.toThrow(/'age' gives NaN for row 1/);
  });
});
