import {
  type ClassificationMetrics,
  type ClassificationOptions,
  classificationMetrics,
  defaultBins,
  predictedClasses,
} from './metrics/classification-metrics';
import { type ClassificationCurves, classificationCurves } from './metrics/curves';
import { type PredictedNumbers, predictedNumbers } from './metrics/predicted-numbers';
import { type RegressionMetrics, regressionMetrics } from './metrics/regression-metrics';
import type { Predictions } from './predictions';

export type ModelMetrics = ClassificationMetrics | RegressionMetrics;
/** Long lists to draw: they belong in a report, and in no record. */
export type ModelCurves = ClassificationCurves | PredictedNumbers;

/** Everything that is said in numbers of a model, from what it predicted. */
export const metricsOf = (predictions: Predictions, options: ClassificationOptions = {}): ModelMetrics =>
  predictions.task === 'classification'
    ? classificationMetrics(predictions, options)
    : regressionMetrics(predictions.actual, predictions.predicted);

/** What is drawn of a model, from what it predicted. */
export function curvesOf(
  predictions: Predictions,
  { threshold, bins = defaultBins }: ClassificationOptions = {},
): ModelCurves {
  if (predictions.task === 'regression') return predictedNumbers(predictions.actual, predictions.predicted);
  const predicted = predictedClasses(predictions, threshold);
  return classificationCurves(predictions, { names: predictions.names, predicted, bins });
}
