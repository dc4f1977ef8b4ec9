import { dropoutMask, type RandomSource, randomSource } from '../../../jobs/training/random';
import { input, tensor } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const count = 65_536;

async function drawn(draw: (random: RandomSource) => Value, step = 5, seed = 1): Promise<number[]> {
  const at = input('step', 'int64', []);
  const { values } = await runGraph(new Map([[at, tensor('int64', [], [step])]]), {
    values: draw(randomSource(seed, at)),
  });
  return Array.from(values?.data ?? [], Number);
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

  it.each([0.1, 0.5, 0.9])('drop a part of %f, and keep the mean', async (ratio) => {
    const mask = await drawn((random) => dropoutMask(random, [count], ratio));

    const dropped = mask.filter((value) => value === 0).length / count;
    expect(dropped).toBeCloseTo(ratio, 2);
    expect(mean(mask)).toBeCloseTo(1, 1);
  });
});
