import fc from 'fast-check';
import { cutRange } from '../../../../jobs/compression/calibration/cut-range';
import {
  binWidth,
  countInto,
  countOf,
  emptyHistogram,
  type Histogram,
  mergeHistograms,
  quantileOf,
} from '../../../../jobs/compression/calibration/histogram';

const magnitudes = fc.constantFrom(1e-30, 1e-3, 1, 17, 1e4, 1e30);
const numbers = fc
  .array(fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), magnitudes), { minLength: 1, maxLength: 60 })
  .map((drawn) => Float32Array.from(drawn, ([value, magnitude]) => value * magnitude));

const counted = (...parts: readonly Float32Array[]): Histogram =>
  parts.reduce((histogram, part) => countInto(histogram, part), emptyHistogram());

const plain = (histogram: Histogram) => ({ ...histogram, counts: [...histogram.counts] });

const runs = { numRuns: 30 };

describe('histograms of activations', () => {
  it('lose no count, however far they have to reach', () => {
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 6 }), (parts) => {
        const histogram = counted(...parts);

        expect(countOf(histogram)).toBe(parts.reduce((total, part) => total + part.length, 0));
      }),
      runs,
    );
  });

  it('are the same whatever the order and the batches of the numbers', () => {
    fc.assert(
      fc.property(numbers, fc.nat(), (values, cut) => {
        const whole = counted(values);

        const at = cut % values.length;
        const inParts = counted(values.slice(at).reverse(), new Float32Array(0), values.slice(0, at));

        expect(plain(inParts)).toEqual(plain(whole));
      }),
      runs,
    );
  });

  it('add up to the histogram of all numbers', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const merged = mergeHistograms(counted(a), counted(b));

        expect(plain(merged)).toEqual(plain(counted(a, b)));
      }),
      runs,
    );
  });

  it('tell quantiles to the width of a bin', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const histogram = counted(values);

        const quantile = quantileOf(histogram, share);

        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)] ?? Number.NaN;
        expect(Math.abs(quantile - exact)).toBeLessThanOrEqual(binWidth(histogram) * (1 + 1e-9));
      }),
      runs,
    );
  });

  it('give exact extremes, which further numbers never shrink', () => {
    fc.assert(
      fc.property(numbers, numbers, (values, more) => {
        const cut = { method: 'minmax', percentile: 100, symmetric: false } as const;

        const [range, wider] = [cutRange(counted(values), cut), cutRange(counted(values, more), cut)];

        expect(range).toEqual({ min: Math.min(...values) + 0, max: Math.max(...values) + 0 });
        expect(wider.min).toBeLessThanOrEqual(range.min);
        expect(wider.max).toBeGreaterThanOrEqual(range.max);
      }),
      runs,
    );
  });

  it.each(['entropy', 'percentile'] as const)('are cut by %s within what was seen', (method) => {
    fc.assert(
      fc.property(numbers, fc.boolean(), (values, symmetric) => {
        const seen = counted(values);

        const range = cutRange(seen, { method, percentile: 99, symmetric });

        expect(range.min).toBeGreaterThanOrEqual(seen.min);
        expect(range.max).toBeLessThanOrEqual(seen.max);
        expect(range.min).toBeLessThanOrEqual(range.max);
      }),
      { numRuns: 10 },
    );
  });
});
