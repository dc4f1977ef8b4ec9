import fc from 'fast-check';
import { frontOf, qualityWindow } from '../../../jobs/reports/charts/trade-off-scales';

const point = (cost: number, value: number) => ({ cost, quality: { value } });

describe('the front of a trade-off', () => {
  it.each([
    {
      better: 'higher' as const,
      front: [
        [1, 5],
        [3, 7],
      ],
    },
    {
      better: 'lower' as const,
      front: [
        [1, 5],
        [2, 4],
      ],
    },
  ])('has what nothing cheaper matches, where $better is better', ({ better, front }) => {
    const points = [point(3, 7), point(1, 5), point(2, 4), point(4, 7), point(1, 6)].slice(0, 4);

    const found = frontOf(points, better);

    expect(found.map(({ cost, quality }) => [cost, quality.value])).toEqual(front);
  });

  it('leaves nobody out who is beaten by none', () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })));
    fc.assert(
      fc.property(points, (pairs) => {
        const all = pairs.map(([cost, value]) => point(cost, value));
        const front = frontOf(all, 'higher');

        const beaten = all.filter(({ cost, quality }) =>
          front.some((other) => other.cost <= cost && other.quality.value >= quality.value),
        );
        expect(beaten).toHaveLength(all.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the window of a quality', () => {
  const anchor = { value: 0.92, low: 0.915, high: 0.925, isAnchor: true };
  const collapsed = { value: 0.1, low: 0.09, high: 0.11, isAnchor: false };

  it('is not stretched by one that collapsed', () => {
    const [least, most] = qualityWindow([anchor, collapsed], { better: 'higher', limit: { value: 0.91 } });

    expect(least).toBeGreaterThan(0.88);
    expect(most).toBeGreaterThan(0.925);
  });

  it('reaches to the limit, whichever way is better', () => {
    const [least, most] = qualityWindow([anchor], { better: 'lower', limit: { value: 0.95 } });

    expect([least < 0.915, most > 0.95]).toEqual([true, true]);
  });

  it('has room around a single number', () => {
    const [least, most] = qualityWindow([{ value: 1, low: 1, high: 1, isAnchor: true }], {
      better: 'higher',
    });

    expect([least < 1, most > 1]).toEqual([true, true]);
  });
});
