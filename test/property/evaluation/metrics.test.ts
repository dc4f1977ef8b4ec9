import fc from 'fast-check';
import { accuracy, confusionMatrix, macroScores } from '../../../jobs/evaluation/metrics/class-counts';
import { regressionMetrics } from '../../../jobs/evaluation/metrics/regression-metrics';
import { rocAuc } from '../../../jobs/evaluation/metrics/roc-auc';

const score = fc.integer({ min: -20, max: 20 }).map((value) => value / 4);
const scored = fc.array(fc.record({ score, positive: fc.boolean() }), { minLength: 2, maxLength: 60 });
const areaOf = (rows: readonly { score: number; positive: boolean }[]) =>
  rocAuc(
    rows.map((row) => row.score),
    (row) => rows[row]?.positive === true,
  );

describe('rocAuc', () => {
  it('is the part of all pairs that are in order, ties counting half', () => {
    fc.assert(
      fc.property(scored, (rows) => {
        const area = areaOf(rows);

        const positives = rows.filter((row) => row.positive);
        const pairs = positives.flatMap((a) =>
          rows.filter((row) => !row.positive).map((b) => Math.sign(a.score - b.score)),
        );
        const expected = pairs.reduce((sum, sign) => sum + (sign + 1) / 2, 0) / pairs.length;
        if (pairs.length === 0) expect(area).toBeUndefined();
        else expect(area).toBeCloseTo(expected, 10);
      }),
    );
  });

  it('does not change under a rising function of the scores, and turns over under a falling one', () => {
    fc.assert(
      fc.property(scored, (rows) => {
        const area = areaOf(rows);

        const risen = areaOf(rows.map((row) => ({ ...row, score: Math.exp(row.score) })));
        const fallen = areaOf(rows.map((row) => ({ ...row, score: -row.score })));

        expect(risen).toEqual(area);
        if (area !== undefined) expect(fallen).toBeCloseTo(1 - area, 10);
      }),
    );
  });
});

describe('class counts', () => {
  const pairs = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 80 });

  it('hold every row once, and give scores between 0 and 1 with F1 between precision and recall of each class', () => {
    fc.assert(
      fc.property(pairs, (rows) => {
        const matrix = confusionMatrix(
          rows.map(([actual]) => actual),
          rows.map(([, predicted]) => predicted),
          5,
        );

        const right = rows.filter(([actual, predicted]) => actual === predicted).length;
        expect(matrix.flat().reduce((sum, count) => sum + count, 0)).toBe(rows.length);
        expect(accuracy(matrix)).toBeCloseTo(right / rows.length, 12);
        for (const value of Object.values(macroScores(matrix))) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
      }),
    );
  });
});

describe('regressionMetrics', () => {
  const number = fc.integer({ min: -1000, max: 1000 });
  const rows = fc.array(fc.tuple(number, number), { minLength: 2, maxLength: 50 });

  it('has MAE at most RMSE, and the mean of the target scores an R² of 0', () => {
    fc.assert(
      fc.property(rows, (pairs) => {
        const actual = pairs.map(([value]) => value);
        const mean = actual.reduce((sum, value) => sum + value, 0) / actual.length;

        const { mae, rmse } = regressionMetrics(
          actual,
          pairs.map(([, value]) => value),
        );
        const { r2 } = regressionMetrics(
          actual,
          actual.map(() => mean),
        );

        expect(mae).toBeLessThanOrEqual(rmse + 1e-9);
        if (new Set(actual).size > 1) expect(r2).toBeCloseTo(0, 9);
      }),
    );
  });
});
