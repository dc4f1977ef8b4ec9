import { explained, percentageError } from './regression-metrics';
import { type WeightedMetrics, weightedMean } from './weighted-classification';

/** The headline numbers of `regressionMetrics`, of rows drawn more than once or not at all. */
export function weightedRegression(actual: Float32Array, predicted: Float32Array): WeightedMetrics {
  const truth = Float64Array.from(actual);
  const errors = truth.map((value, row) => value - (predicted[row] ?? Number.NaN));
  const absolute = errors.map(Math.abs);
  const order = Uint32Array.from(absolute.keys()).sort((a, b) => (absolute[a] ?? 0) - (absolute[b] ?? 0));
  const percentages = truth.map((value, row) => percentageError(value, predicted[row] ?? Number.NaN));
  return (weights) => {
    const [mean, bias] = [weightedMean(truth, weights), weightedMean(errors, weights)];
    const squared = meanSquare(errors, weights, 0);
    const variance = meanSquare(truth, weights, mean);
    return {
      rmse: Math.sqrt(squared),
      mae: weightedMean(absolute, weights),
      r2: explained(squared, variance),
      median_absolute_error: weightedMedian(absolute, order, weights),
      mean_absolute_percentage_error: weightedMean(percentages, weights),
      explained_variance: explained(meanSquare(errors, weights, bias), variance),
    };
  };
}

function meanSquare(values: Float64Array, weights: Uint16Array, centre: number): number {
  let sum = 0;
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    const weight = weights[row] ?? 0;
    sum += weight * ((values[row] ?? 0) - centre) ** 2;
    count += weight;
  }
  return sum / count;
}

/** The middle value of all that are counted, or between the two middle ones; `order` has the rows by rising value. */
function weightedMedian(values: Float64Array, order: Uint32Array, weights: Uint16Array): number {
  const count = weights.reduce((sum, weight) => sum + weight, 0);
  const middle = [Math.floor((count - 1) / 2), Math.ceil((count - 1) / 2)];
  const found: number[] = [];
  let passed = 0;
  for (let place = 0; place < order.length && found.length < 2; place++) {
    const row = order[place] ?? 0;
    passed += weights[row] ?? 0;
    while (found.length < 2 && (middle[found.length] ?? 0) < passed) found.push(values[row] ?? Number.NaN);
  }
  return found.reduce((sum, value) => sum + value, 0) / 2;
}
