import { scheduleOf } from '../../../jobs/training/schedules';
import { scheduleSpec } from '../../../shared/contracts/training/optimizer-spec';
import { input, tensor } from '../../../shared/onnx/build';
import { runGraph } from '../../support/run-graph';

async function ratesOf(given: object, steps: readonly number[], totalSteps = 100): Promise<number[]> {
  const schedule = scheduleOf(scheduleSpec.parse(given), { learningRate: 0.5, totalSteps });
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

  // the schedulers of PyTorch 2.15 over 20 steps from a rate of 0.5
  it.each<[string, object, number[]]>([
    [
      'StepLR(step_size=5, gamma=0.1)',
      { name: 'step', every_fraction: 0.25 },
      [
        0.5, 0.5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.05, 0.05, 0.005, 0.005, 0.005, 0.005, 0.005, 0.0005,
        0.0005, 0.0005, 0.0005, 0.0005,
      ],
    ],
    [
      'LinearLR(1, 0.2, total_iters=20)',
      { name: 'linear', final_fraction: 0.2 },
      [
        0.5, 0.48, 0.46, 0.44, 0.42, 0.4, 0.38, 0.36, 0.34, 0.32, 0.3, 0.28, 0.26, 0.24, 0.22, 0.2, 0.18,
        0.16, 0.14, 0.12,
      ],
    ],
    [
      'CosineAnnealingLR(T_max=20, eta_min=0.05)',
      { name: 'cosine', final_fraction: 0.1 },
      [
        0.5, 0.49722988, 0.48898772, 0.47547647, 0.45702882, 0.43409903, 0.40725168, 0.37714786, 0.34452882,
        0.31019775, 0.275, 0.23980225, 0.20547118, 0.17285214, 0.14274832, 0.11590097, 0.09297118, 0.07452353,
        0.06101228, 0.05277012,
      ],
    ],
    [
      'OneCycleLR(max_lr=0.5, total_steps=20, pct_start=0.3, div_factor=25, final_div_factor=400)',
      { name: 'one_cycle' },
      [
        0.02, 0.065835921, 0.185835921, 0.334164079, 0.454164079, 0.5, 0.493732605, 0.475244693, 0.445463325,
        0.405881863, 0.358485088, 0.30564967, 0.250025, 0.19440033, 0.141564912, 0.094168137, 0.054586675,
        0.024805307, 0.006317395, 5e-5,
      ],
    ],
  ])('is %s of PyTorch', async (_, spec, reference) => {
    const rates = await ratesOf(spec, [...reference.keys()], 20);

    rates.forEach((rate, index) => {
      expect(rate).toBeCloseTo(reference[index] ?? Number.NaN, 6);
    });
  });

  it.each([0.5, 0.04])(
    'ends one cycle at a part of the peak, wherever it begins: from %f of it',
    async (from) => {
      const spec = { name: 'one_cycle', initial_fraction: from, final_fraction: 0.01 };

      const [first, top, last] = await ratesOf(spec, [0, 5, 19], 20);

      expect(first).toBeCloseTo(0.5 * from, 6);
      expect(top).toBeCloseTo(0.5, 6);
      expect(last).toBeCloseTo(0.5 * 0.01, 6);
    },
  );

  it.each([
    ['constant', [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]],
    ['step', [0.125, 0.25, 0.375, 0.5, 0.05, 0.005]],
    ['linear', [0.125, 0.25, 0.375, 0.5, 0.375, 0.03125]],
  ])('warms up in a straight line to the whole rate: %s', async (name, reference) => {
    const spec = { name, warmup_fraction: 0.2, ...(name === 'step' ? { every_fraction: 0.4 } : {}) };

    const rates = await ratesOf(spec, [0, 1, 2, 3, 8, 19], 20);

    rates.forEach((rate, index) => {
      expect(rate).toBeCloseTo(reference[index] ?? Number.NaN, 6);
    });
  });

  it.each(['constant', 'step', 'linear', 'cosine', 'one_cycle'])(
    'is a rate from none to all at every step, however few they are: %s',
    async (name) => {
      for (const totalSteps of [1, 2, 3]) {
        const rates = await ratesOf({ name }, [0, 1, 2, 3, 50], totalSteps);

        for (const rate of rates) {
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(0.5);
        }
      }
    },
  );
});
