import { quantile } from './quantile';

/** What is drawn of a regression. */
export interface PredictedNumbers {
  /** Of at most 1,000 rows, evenly spaced through all of them. */
  predictions: { actual: number; predicted: number }[];
  /** Of the errors, actual less predicted, from the lowest to the highest. */
  error_quantiles: { fraction: number; error: number }[];
}

const mostPoints = 1_000;
const fractions = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/** A sample of the rows to draw, and how the errors of all of them spread. */
export function predictedNumbers(actual: Float32Array, predicted: Float32Array): PredictedNumbers {
  const step = Math.max(1, actual.length / mostPoints);
  const count = Math.min(actual.length, mostPoints);
  const errors = Float64Array.from(actual, (value, row) => value - (predicted[row] ?? Number.NaN)).sort();
  return {
    predictions: Array.from({ length: count }, (_, index) => {
      const row = Math.floor(index * step);
      return { actual: actual[row] ?? Number.NaN, predicted: predicted[row] ?? Number.NaN };
    }),
    error_quantiles: fractions.map((fraction) => ({ fraction, error: quantile(errors, fraction) })),
  };
}
