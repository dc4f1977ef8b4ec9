/** scikit-learn's definitions, in the unit of the target (R² has none). */
export interface RegressionMetrics {
  rows: number;
  rmse: number;
  mae: number;
  /** 1 is perfect, 0 is no better than the mean. Of a constant target: 1 where it is met exactly, else 0. */
  r2: number;
}

/** Everything that is said of predicted numbers on a part of the rows. */
export function regressionMetrics(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
): RegressionMetrics {
  const rows = actual.length;
  const mean = meanOf(rows, (row) => actual[row] ?? Number.NaN);
  const error = (row: number) => (actual[row] ?? Number.NaN) - (predicted[row] ?? Number.NaN);
  const squared = meanOf(rows, (row) => error(row) ** 2);
  const variance = meanOf(rows, (row) => ((actual[row] ?? Number.NaN) - mean) ** 2);
  return {
    rows,
    rmse: Math.sqrt(squared),
    mae: meanOf(rows, (row) => Math.abs(error(row))),
    r2: variance === 0 ? Number(squared === 0) : 1 - squared / variance,
  };
}

function meanOf(rows: number, value: (row: number) => number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += value(row);
  return sum / rows;
}
