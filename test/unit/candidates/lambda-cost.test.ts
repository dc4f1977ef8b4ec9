import { lambdaCost, leastMegabytes } from '../../../jobs/candidates/lambda-cost';

describe('lambdaCost', () => {
  it('is the price of the billed time and memory', () => {
    // 10 ms on a whole core take 10 ms at 1,769 MB: 0.01 s x 1,769/1,024 GB x 0.0000166667 USD, a million times
    const cost = lambdaCost({ milliseconds: 10, memoryMib: 1_450, cpu: 'any' });

    expect(cost).toMatchObject({ memory_mb: 1_769, billed_milliseconds: 10 });
    expect(cost.usd_per_million).toBeCloseTo(0.01 * (1_769 / 1_024) * 16.6667, 6);
  });

  it('costs less on Graviton', () => {
    const [x86, arm] = (['avx2', 'arm64'] as const).map((cpu) =>
      lambdaCost({ milliseconds: 100, memoryMib: 100, cpu }),
    );

    expect(arm?.usd_per_million).toBeLessThan(x86?.usd_per_million ?? 0);
  });

  it('takes little memory for a prediction that is billed as a millisecond anyhow', () => {
    const { memory_mb, billed_milliseconds } = lambdaCost({ milliseconds: 0.05, memoryMib: 90, cpu: 'any' });

    expect({ memory_mb, billed_milliseconds }).toEqual({ memory_mb: 128, billed_milliseconds: 1 });
  });

  it('keeps to the memory that is allowed, but not below what the model wants', () => {
    const asked = { milliseconds: 1_000, cpu: 'any', mostMegabytes: 256 } as const;

    expect(lambdaCost({ ...asked, memoryMib: 100 }).memory_mb).toBeLessThanOrEqual(256);
    expect(lambdaCost({ ...asked, memoryMib: 900 }).memory_mb).toBe(leastMegabytes(900));
  });
});
