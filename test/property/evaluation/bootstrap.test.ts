import fc from 'fast-check';
import { type BootstrapOptions, bootstrapIntervals } from '../../../jobs/evaluation/bootstrap';
import { metricsOf } from '../../../jobs/evaluation/evaluate-model';
import { weightedClassification } from '../../../jobs/evaluation/metrics/weighted-classification';
import { weightedRegression } from '../../../jobs/evaluation/metrics/weighted-regression';
import { type ClassPredictions, type Predictions, rowsAt } from '../../../jobs/evaluation/predictions';

const { signal } = new AbortController();

const classRow = (classes: number) =>
  fc.record({
    actual: fc.nat(classes - 1),
    scores: fc.array(fc.integer({ min: 0, max: 8 }), { minLength: classes, maxLength: classes }),
    weight: fc.nat(3),
  });
type Row = { actual: number; scores: number[]; weight: number };

function classPredictions(rows: readonly Row[], classes: number): ClassPredictions {
  const probabilities = rows.flatMap(({ scores }) => {
    const sum = scores.reduce((total, score) => total + score + 0.25, 0);
    return scores.map((score) => (score + 0.25) / sum);
  });
  return {
    task: 'classification',
    rows: rows.length,
    actual: Int32Array.from(rows, ({ actual }) => actual),
    probabilities: Float32Array.from(probabilities),
    classes,
    names: [...Array(classes).keys()].map(String),
    fromScores: false,
    slices: [],
    unseen: new Map(),
  };
}

const repeated = (predictions: Predictions, weights: readonly number[]) =>
  rowsAt(
    predictions,
    weights.flatMap((weight, row) => Array.from({ length: weight }, () => row)),
  );

function expectSame(weighted: Readonly<Record<string, number | undefined>>, metrics: object): void {
  const told: Readonly<Record<string, unknown>> = { ...metrics };
  for (const [name, value] of Object.entries(weighted)) {
    if (value === undefined) expect(told).not.toHaveProperty(name);
    else expect([name, told[name]]).toEqual([name, expect.closeTo(value, 8)]);
  }
}

describe('weighted metrics', () => {
  it.each([2, 3, 6])(
    'of %d classes are those of rows that are there as often as their weights say',
    (classes) => {
      fc.assert(
        fc.property(fc.array(classRow(classes), { minLength: 1, maxLength: 25 }), (rows) => {
          const weights = rows.map(({ weight }) => weight);
          fc.pre(weights.some((weight) => weight > 0));
          const predictions = classPredictions(rows, classes);

          const weighted = weightedClassification(predictions)(Uint16Array.from(weights));

          expectSame(weighted, metricsOf(repeated(predictions, weights)));
        }),
      );
    },
  );

  it('of numbers are those of rows that are there as often as their weights say', () => {
    const value = fc.integer({ min: -8, max: 8 }).map((whole) => whole / 2);
    const row = fc.record({ actual: value, predicted: value, weight: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 25 }), (rows) => {
        const weights = rows.map(({ weight }) => weight);
        fc.pre(weights.some((weight) => weight > 0));
        const actual = Float32Array.from(rows, (one) => one.actual);
        const predicted = Float32Array.from(rows, (one) => one.predicted);
        const predictions: Predictions = {
          task: 'regression',
          rows: rows.length,
          actual,
          predicted,
          slices: [],
          unseen: new Map(),
        };

        const { mean_absolute_percentage_error: percentage, ...weighted } = weightedRegression(
          actual,
          predicted,
        )(Uint16Array.from(weights));

        const { mean_absolute_percentage_error: expected, ...metrics } = {
          ...metricsOf(repeated(predictions, weights)),
          mean_absolute_percentage_error: 0,
          ...regressionOf(repeated(predictions, weights)),
        };
        expectSame(weighted, metrics);
        expect((percentage ?? 0) / (expected || 1)).toBeCloseTo(expected === 0 ? 0 : 1, 8);
      }),
    );
  });
});

function regressionOf(predictions: Predictions) {
  const metrics = metricsOf(predictions);
  return 'rmse' in metrics ? metrics : {};
}

describe('bootstrapIntervals', () => {
  /** As many rows as asked for, right in 4 of 5. */
  const coins = (rows: number) =>
    classPredictions(
      Array.from({ length: rows }, (_, row) => ({
        actual: row % 5 === 0 ? 1 : 0,
        scores: [5, 1],
        weight: 1,
      })),
      2,
    );
  const options = { resamples: 2_000, confidence: 0.95, seed: 3, signal };
  const accuracyOf = async (predictions: Predictions, chosen: BootstrapOptions = options) => {
    const bootstrapped = await bootstrapIntervals({ predictions, metrics: metricsOf(predictions) }, chosen);
    const found = bootstrapped.intervals.find(({ metric }) => metric === 'accuracy');
    if (found === undefined) throw new Error('there is no interval of the accuracy');
    return { ...found, drawn: bootstrapped.rows_per_resample };
  };

  it('has the width that the theory of proportions gives', async () => {
    const { value, low, high, standard_error } = await accuracyOf(coins(400));

    const error = Math.sqrt((0.8 * 0.2) / 400);
    expect(value).toBe(0.8);
    expect(standard_error / error).toBeCloseTo(1, 1);
    expect((high - low) / (2 * 1.96 * error)).toBeCloseTo(1, 1);
  });

  it('is as wide where a sample of too many rows is drawn from', async () => {
    const { value, standard_error, drawn } = await accuracyOf(coins(20_000), {
      ...options,
      mostVisits: 1,
    });

    expect(drawn).toBeLessThan(20_000);
    expect(value).toBe(0.8);
    expect(standard_error / Math.sqrt((0.8 * 0.2) / 20_000)).toBeCloseTo(1, 1);
  });

  it('is wider for more confidence', async () => {
    const [narrow, wide] = [
      await accuracyOf(coins(100), { ...options, confidence: 0.5 }),
      await accuracyOf(coins(100)),
    ];

    expect(narrow.low).toBeGreaterThan(wide.low);
    expect(narrow.high).toBeLessThan(wide.high);
  });

  it('gives none without resamples', async () => {
    const predictions = coins(10);

    const { intervals } = await bootstrapIntervals(
      { predictions, metrics: metricsOf(predictions) },
      { ...options, resamples: 0 },
    );

    expect(intervals).toEqual([]);
  });
});
