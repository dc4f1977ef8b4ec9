import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { generatorOf, type Purpose, seedOf } from '../../../jobs/training/seeded-generator';

const purposes: readonly Purpose[] = ['initial_weights', 'shuffle', 'window_start', 'affine', 'mixup'];

const drawn = (seed: number, purpose: Purpose, index: number, count: number) => {
  const generator = generatorOf(seed, purpose, index);
  return Array.from({ length: count }, () => generator.next());
};

const seeds = fc.integer({ min: 0, max: 0xffff_fffe });

describe('generatorOf', () => {
  it('gives the same numbers for the same seed, purpose and index', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(...purposes), fc.nat(), (seed, purpose, index) => {
        expect(drawn(seed, purpose, index, 5)).toEqual(drawn(seed, purpose, index, 5));
      }),
    );
  });

  it('gives no number of 32 bits twice to nearby seeds, purposes and indices, but by chance', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const all = [seed, seed + 1].flatMap((near) =>
          purposes.flatMap((purpose) => [0, 1, 2].flatMap((index) => drawn(near, purpose, index, 20))),
        );

        expect(all.length - new Set(all).size).toBeLessThan(3);
      }),
    );
  });

  it('begins evenly, however near the indices', () => {
    const firsts = Array.from({ length: 4000 }, (_, index) =>
      uniformFloat64(generatorOf(0, 'shuffle', index)),
    );

    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => firsts.filter((value) => Math.floor(value * 10) === tenth).length,
    );
    for (const seen of tenths) expect(Math.abs(seen - 400)).toBeLessThan(5 * Math.sqrt(360));
  });
});

describe('seedOf', () => {
  it('goes by every number and by their order', () => {
    const given = [seedOf(1, 'network', 2, 3), seedOf(1, 'network', 3, 2), seedOf(1, 'network', 2)];

    expect(new Set([...given, seedOf(2, 'network', 2, 3), seedOf(1, 'augmentation', 2, 3)]).size).toBe(5);
  });
});
