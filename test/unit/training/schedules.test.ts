import { scheduleOf } from '../../../jobs/training/schedules';
import { input, tensor } from '../../../shared/onnx/build';
import { runGraph } from '../../support/run-graph';

async function ratesOf(spec: Parameters<typeof scheduleOf>[0], steps: readonly number[]): Promise<number[]> {
  const schedule = scheduleOf(spec, { learningRate: 0.5, totalSteps: 100 });
  const rates: number[] = [];
  for (const at of steps) {
    const step = input('step', 'int64', []);
    const { rate } = await runGraph(new Map([[step, tensor('int64', [], [at])]]), { rate: schedule(step) });
    rates.push(Number(rate?.data[0]));
  }
  return rates;
}

describe('schedules', () => {
  it('keeps a constant rate', async () => {
    const rates = await ratesOf({ name: 'constant', warmup_fraction: 0 }, [0, 99]);

    expect(rates).toEqual([0.5, 0.5]);
  });

  it('falls by half a cosine from the whole rate to nothing', async () => {
    const rates = await ratesOf({ name: 'cosine', warmup_fraction: 0, final_fraction: 0 }, [0, 25, 50, 100]);

    const expected = [0, 0.25, 0.5, 1].map((done) => 0.25 * (1 + Math.cos(Math.PI * done)));
    rates.forEach((rate, index) => {
      expect(rate).toBeCloseTo(expected[index] ?? Number.NaN, 6);
    });
  });

  it('warms up linearly from more than nothing, and ends at the final part and stays there', async () => {
    const rates = await ratesOf(
      { name: 'cosine', warmup_fraction: 0.1, final_fraction: 0.2 },
      [0, 4, 9, 10, 55, 100, 200],
    );

    [0.05, 0.25, 0.5, 0.5, 0.3, 0.1, 0.1].forEach((expected, index) => {
      expect(rates[index]).toBeCloseTo(expected, 6);
    });
  });
});
