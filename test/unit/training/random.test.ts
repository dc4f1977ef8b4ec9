import { dropoutMask, type RandomSource, randomSource } from '../../../jobs/training/random';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { constant, input, scalar, tensor } from '../../../shared/onnx/build';
import { castTo, multiply } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { writeModel } from '../../../shared/onnx/write-model';
import { runGraph } from '../../support/run-graph';

const count = 65_536;

async function drawn(
  draw: (random: RandomSource) => Value,
  step = 5,
  seed = 1,
  purpose: 'network' | 'augmentation' = 'network',
): Promise<number[]> {
  const at = input('step', 'int64', []);
  const { values } = await runGraph(new Map([[at, tensor('int64', [], [step])]]), {
    values: draw(randomSource(seed, at, purpose)),
  });
  return Array.from(values?.data ?? [], Number);
}

/** The 24 bits of each number of a step. */
async function words(length: number) {
  const step = input('step', 'int64', []);
  const whole = multiply(randomSource(1, step).uniform([length]), constant(scalar(2 ** 24)));
  const outputs = [{ name: 'words', value: castTo(whole, 'int32') }];
  const bytes = writeModel(model({ graph: { name: 'words', inputs: [step], outputs } }));
  const session = await onnxModelRuntime().load(bytes, { threads: 1 });
  const draw = async (at: number): Promise<Int32Array> => {
    const { words: drawnWords } = await session.run({ step: tensor('int64', [], [at]) });
    if (!(drawnWords?.data instanceof Int32Array)) throw new Error('words are int32');
    return drawnWords.data;
  };
  return Object.assign(draw, { close: () => session.dispose() });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const moment = (values: readonly number[], power: number) => mean(values.map((value) => value ** power));

/** Of two lists of numbers around 1/2. */
const correlation = (a: readonly number[], b: readonly number[]) =>
  12 * mean(a.map((value, place) => (value - 0.5) * ((b[place] ?? 0) - 0.5)));

describe('random numbers of a step', () => {
  it('are uniform from 0 to 1, without 1', async () => {
    const values = await drawn((random) => random.uniform([256, 256]));

    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => values.filter((value) => Math.floor(value * 10) === tenth).length,
    );
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    // chi-squared of nine degrees of freedom passes 33.7 once in ten thousand times
    const chiSquared = tenths.reduce((sum, seen) => sum + (seen - count / 10) ** 2 / (count / 10), 0);
    expect(chiSquared).toBeLessThan(33.7);
  });

  it('are normal with mean 0 and deviation 1', async () => {
    const values = await drawn((random) => random.normal([count]));

    expect(mean(values)).toBeCloseTo(0, 1);
    expect(moment(values, 2)).toBeCloseTo(1, 1);
    expect(moment(values, 4)).toBeCloseTo(3, 0);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('are the same for the same seed, step and place, and else have nothing to do with each other', async () => {
    const uniform = (random: RandomSource) => random.uniform([count]);
    const second = (random: RandomSource) => {
      random.uniform([count]);
      return random.uniform([count]);
    };

    const values = await drawn(uniform);
    const again = await drawn(uniform);
    const others = [
      await drawn(second),
      await drawn(uniform, 6),
      await drawn(uniform, 5, 2),
      [...values.slice(1), values[0] ?? 0],
    ];

    expect(again).toEqual(values);
    for (const other of others) expect(Math.abs(correlation(values, other))).toBeLessThan(0.02);
  });

  it('are others for another purpose, by the same seed and by the next', async () => {
    const uniform = (random: RandomSource) => random.uniform([count]);

    const augmenting = await drawn(uniform, 5, 1, 'augmentation');
    const others = [await drawn(uniform, 5, 1, 'network'), await drawn(uniform, 5, 2, 'network')];

    for (const other of others) expect(Math.abs(correlation(augmenting, other))).toBeLessThan(0.02);
  });

  it('share no run with those of another step', async () => {
    const [streams, length, runLength] = [128, 2 ** 20, 4];
    const draw = await words(length);
    const isHead = new Uint8Array(2 ** 24);
    const heads = new Map<number, string>();

    for (let step = 0; step < streams; step++) {
      const run = (await draw(step)).slice(0, runLength);
      isHead[run[0] ?? 0] = 1;
      heads.set(run[0] ?? 0, run.join());
    }
    let shared = 0;
    for (let step = 0; step < streams; step++) {
      const values = await draw(step);
      for (let place = 1; place < length; place++)
        if (isHead[values[place] ?? 0] === 1)
          shared += Number(heads.get(values[place] ?? 0) === values.slice(place, place + runLength).join());
    }

    expect(shared).toBe(0);
    await draw.close();
  });

  it.each([0.1, 0.5, 0.9])('drop a part of %f, and keep the mean', async (ratio) => {
    const mask = await drawn((random) => dropoutMask(random, [count], ratio));

    const dropped = mask.filter((value) => value === 0).length / count;
    expect(dropped).toBeCloseTo(ratio, 2);
    expect(mean(mask)).toBeCloseTo(1, 1);
  });
});
