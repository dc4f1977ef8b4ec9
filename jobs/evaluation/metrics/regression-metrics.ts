import { medianOf } from './quantile';

/** scikit-learn's definitions, in the unit of the target (R², explained variance and MAPE have none). */
export interface RegressionMetrics {
  rows: number;
  rmse: number;
  mae: number;
  /** 1 is perfect, 0 is no better than the mean. Of a constant target: 1 where it is met exactly, else 0. */
  r2: number;
  median_absolute_error: number;
  /** Mean of |error| / |actual|, as a fraction; an actual 0 counts as float64's epsilon, and makes it immense. */
  mean_absolute_percentage_error: number;
  /** R² without regard to a constant error. */
  explained_variance: number;
}

/** float64's epsilon: the least that scikit-learn divides a percentage error by. */
const epsilon = 2 ** -52;

export const percentageError = (actual: number, predicted: number): number =>
  Math.abs(actual - predicted) / Math.max(Math.abs(actual), epsilon);

/** 1 less the part that is left; of nothing to explain, whether nothing is left. */
export const explained = (left: number, whole: number): number =>
  whole === 0 ? Number(left === 0) : 1 - left / whole;

/** Everything that is said of predicted numbers on some rows. */
export function regressionMetrics(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
): RegressionMetrics {
  const rows = actual.length;
  const truth = (row: number) => actual[row] ?? Number.NaN;
  const error = (row: number) => truth(row) - (predicted[row] ?? Number.NaN);
  const mean = meanOf(rows, truth);
  const bias = meanOf(rows, error);
  const squared = meanOf(rows, (row) => error(row) ** 2);
  const variance = meanOf(rows, (row) => (truth(row) - mean) ** 2);
  return {
    rows,
    rmse: Math.sqrt(squared),
    mae: meanOf(rows, (row) => Math.abs(error(row))),
    r2: explained(squared, variance),
    median_absolute_error: medianOf(Float64Array.from({ length: rows }, (_, row) => Math.abs(error(row)))),
    mean_absolute_percentage_error: meanOf(rows, (row) =>
      percentageError(truth(row), predicted[row] ?? Number.NaN),
    ),
    explained_variance: explained(
      meanOf(rows, (row) => (error(row) - bias) ** 2),
      variance,
    ),
  };
}

function meanOf(rows: number, value: (row: number) => number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += value(row);
  return sum / rows;
}
