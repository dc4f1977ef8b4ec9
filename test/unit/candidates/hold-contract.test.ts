import { brokenClauses, distanceFrom, isBrokenByDrop } from '../../../jobs/candidates/hold-contract';
import { contract, drop, latency, measured } from './measured';

describe('brokenClauses', () => {
  it.each([
    { what: 'nothing', numbers: measured(), terms: contract, words: [] },
    { what: 'a drop at its limit', numbers: measured(drop(0.01)), terms: contract, words: [] },
    {
      what: 'a larger drop',
      numbers: measured(drop(0.02)),
      terms: contract,
      words: ['accuracy is 0.02 worse, and 0.01 is allowed'],
    },
    { what: 'a gain', numbers: measured(drop(-0.2)), terms: { ...contract, max_drop: 0 }, words: [] },
    {
      what: 'too many bytes',
      numbers: measured({ bytes: 101 }),
      terms: { ...contract, max_bytes: 100 },
      words: ['it has 101 bytes, and 100 are allowed'],
    },
    {
      what: 'a slow tail',
      numbers: measured(latency(1, 3)),
      terms: { ...contract, max_latency_ms: 2 },
      words: ['95 of 100 predictions take up to 3 ms, and 2 are allowed'],
    },
    {
      what: 'more memory than the function has',
      numbers: measured({ memory_mib: 200 }),
      terms: { ...contract, target: { cpu: 'any', memory_mb: 128 } },
      words: ['it wants a function of 256 MB, and 128 are allowed'],
    },
  ])('tells $what', ({ numbers, terms, words }) => {
    expect(brokenClauses(numbers, terms)).toEqual(words);
  });

  it('tells all that is broken at once', () => {
    const broken = brokenClauses(measured({ bytes: 5_000, ...drop(1) }), { ...contract, max_bytes: 10 });

    expect(broken).toHaveLength(2);
  });

  it('keeps nothing where the drop is not a number', () => {
    expect(brokenClauses(measured(drop(Number.NaN)), contract)).toHaveLength(1);
  });
});

describe('distanceFrom', () => {
  it('is nothing where the contract is kept, and grows with what is beyond it', () => {
    const [kept, near, far] = [0.01, 0.02, 0.2].map((lost) => distanceFrom(measured(drop(lost)), contract));

    expect(kept).toBe(0);
    expect(near).toBeGreaterThan(0);
    expect(far).toBeGreaterThan(near ?? 0);
  });
});

describe('isBrokenByDrop', () => {
  it('holds where the drop alone is at fault', () => {
    const terms = { ...contract, max_bytes: 100 };

    expect(isBrokenByDrop(measured({ bytes: 100, ...drop(0.5) }), terms)).toBe(true);
    expect(isBrokenByDrop(measured({ bytes: 200, ...drop(0.5) }), terms)).toBe(false);
    expect(isBrokenByDrop(measured({ bytes: 100 }), terms)).toBe(false);
  });
});
