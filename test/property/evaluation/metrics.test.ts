import fc from 'fast-check';
import { classCounts, confusionMatrix } from '../../../jobs/evaluation/metrics/class-counts';
import {
  accuracy,
  averagedScores,
  balancedAccuracy,
  cohenKappa,
  matthewsCorrelation,
} from '../../../jobs/evaluation/metrics/class-scores';
import { classificationCurves } from '../../../jobs/evaluation/metrics/curves';
import { mostProbable } from '../../../jobs/evaluation/metrics/predicted-classes';
import { areaUnderRoc, averagePrecision, rankScores } from '../../../jobs/evaluation/metrics/ranking';
import { regressionMetrics } from '../../../jobs/evaluation/metrics/regression-metrics';

const score = fc.integer({ min: -20, max: 20 }).map((value) => value / 4);
const scored = fc.array(fc.record({ score, positive: fc.boolean() }), { minLength: 2, maxLength: 60 });
const ranked = (rows: readonly { score: number; positive: boolean }[]) =>
  rankScores(
    rows.map((row) => row.score),
    (row) => rows[row]?.positive === true,
  );
const areaOf = (rows: readonly { score: number; positive: boolean }[]) => areaUnderRoc(ranked(rows));

describe('areaUnderRoc', () => {
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
        const actual = rows.map(([one]) => one);
        const predicted = rows.map(([, one]) => one);
        const matrix = confusionMatrix(actual, predicted, 5);
        const counts = classCounts(actual, predicted, 5);

        const right = rows.filter(([one, other]) => one === other).length;
        expect(matrix.flat().reduce((sum, count) => sum + count, 0)).toBe(rows.length);
        expect([...counts.right]).toEqual(matrix.map((row, index) => row[index]));
        expect(accuracy(counts)).toBeCloseTo(right / rows.length, 12);
        const { macro, micro, weighted } = averagedScores(counts);
        expect(weighted.recall).toBeCloseTo(accuracy(counts), 12);
        for (const value of [macro, micro, weighted].flatMap((scores) => Object.values(scores))) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
      }),
    );
  });

  it('agree as much from either side, and with themselves altogether', () => {
    fc.assert(
      fc.property(pairs, (rows) => {
        const actual = rows.map(([one]) => one);
        const predicted = rows.map(([, one]) => one);

        const there = classCounts(actual, predicted, 5);
        const back = classCounts(predicted, actual, 5);
        const same = classCounts(actual, actual, 5);

        expect(matthewsCorrelation(back)).toBeCloseTo(matthewsCorrelation(there), 12);
        expect(cohenKappa(back) ?? 7).toBeCloseTo(cohenKappa(there) ?? 7, 12);
        expect(balancedAccuracy(same)).toBe(1);
        if (new Set(actual).size > 1) expect([matthewsCorrelation(same), cohenKappa(same)]).toEqual([1, 1]);
      }),
    );
  });
});

describe('averagePrecision', () => {
  it('is at least what guessing by the share of positives gives, for a perfect order 1', () => {
    fc.assert(
      fc.property(scored, (rows) => {
        const perfect = averagePrecision(
          ranked(rows.map(({ positive }) => ({ score: Number(positive), positive }))),
        );
        const flat = averagePrecision(ranked(rows.map(({ positive }) => ({ score: 1, positive }))));

        const positives = rows.filter(({ positive }) => positive).length;
        expect(perfect).toBe(positives === 0 ? undefined : 1);
        if (positives > 0) expect(flat).toBeCloseTo(positives / rows.length, 12);
      }),
    );
  });
});

describe('classificationCurves', () => {
  const areaUnder = (points: readonly { x: number; y: number }[]) =>
    points
      .slice(1)
      .reduce(
        (sum, { x, y }, index) => sum + ((x - (points[index]?.x ?? 0)) * (y + (points[index]?.y ?? 0))) / 2,
        0,
      );

  it.each([50, 3_000, 100_000])('have at most 200 points of %d rows and nearly the same area', (count) => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.05, max: 3, noNaN: true }), (seed, skew) => {
        const draw = (row: number, salt: number) =>
          (Math.imul(row ^ seed, 0x9e3779b1 + salt) >>> 0) / 2 ** 32;
        const actual = Int32Array.from({ length: count }, (_, row) => Number(draw(row, 1) < 0.3));
        const probabilities = Float32Array.from({ length: 2 * count }, (_, at) => {
          const p = draw(at >> 1, 2) ** (actual[at >> 1] === 1 ? skew : 1);
          return at % 2 === 1 ? p : 1 - p;
        });
        const rows = { actual, probabilities, classes: 2 };

        const predicted = mostProbable(probabilities, 2);
        const { roc_curves: curves } = classificationCurves(rows, {
          names: ['no', 'yes'],
          predicted,
          bins: 10,
        });

        const [{ area, points } = { area: 0, points: [] }] = curves;
        const drawn = points.map((point) => ({ x: point.false_positive_rate, y: point.true_positive_rate }));
        expect(points.length).toBeLessThanOrEqual(200);
        expect(drawn[0]).toEqual({ x: 0, y: 0 });
        expect(drawn.at(-1)).toEqual({ x: 1, y: 1 });
        expect(Math.abs(areaUnder(drawn) - area)).toBeLessThan(1e-3);
      }),
      { numRuns: count > 10_000 ? 3 : 20 },
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
