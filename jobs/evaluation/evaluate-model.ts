import type { ModelSession } from '../../shared/ports/model-runtime';
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
import { type Evaluation, predictRows } from './predict-rows';
import type { Predictions } from './predictions';

export type ModelMetrics = ClassificationMetrics | RegressionMetrics;
/** Long lists to draw: they belong in a report, and in no record. */
export type ModelCurves = ClassificationCurves | PredictedNumbers;

export type { Evaluation } from './predict-rows';

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

/** How well a model does on these rows, from raw columns to predictions as when it serves. */
export const evaluateModel = async (session: ModelSession, evaluation: Evaluation): Promise<ModelMetrics> =>
  metricsOf(await predictRows(session, evaluation));
