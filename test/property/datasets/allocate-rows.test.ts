import fc from 'fast-check';
import { allocateRows } from '../../../jobs/datasets/allocate-rows';

const fractions = fc
  .record({
    validationFraction: fc.double({ min: 0, max: 0.9, noNaN: true }),
    testFraction: fc.double({ min: 0, max: 0.9, noNaN: true }),
  })
  .filter(({ validationFraction, testFraction }) => validationFraction + testFraction < 1);
const strata = fc.array(fc.record({ rows: fc.integer({ min: 1, max: 5_000 }) }), {
  minLength: 1,
  maxLength: 50,
});

describe('the allocation of rows to parts', () => {
  it('keeps a row of every class to train on', () => {
    fc.assert(
      fc.property(strata, fractions, (classes, shares) => {
        const allocations = allocateRows(classes, shares);

        for (const [index, { test, validation }] of allocations.entries()) {
          const rows = classes[index]?.rows ?? 0;
          expect(Math.min(test, validation)).toBeGreaterThanOrEqual(0);
          expect(test + validation).toBeLessThan(rows);
        }
      }),
    );
  });

  it('gives each large class its share to within one row', () => {
    const large = fc.array(fc.record({ rows: fc.integer({ min: 200, max: 5_000 }) }), {
      minLength: 1,
      maxLength: 20,
    });
    const moderate = fractions.filter(
      ({ validationFraction, testFraction }) => validationFraction + testFraction < 0.9,
    );
    fc.assert(
      fc.property(large, moderate, (classes, shares) => {
        const allocations = allocateRows(classes, shares);

        for (const [index, { test, validation }] of allocations.entries()) {
          const rows = classes[index]?.rows ?? 0;
          expect(Math.abs(test - rows * shares.testFraction)).toBeLessThanOrEqual(1);
          expect(Math.abs(validation - rows * shares.validationFraction)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
