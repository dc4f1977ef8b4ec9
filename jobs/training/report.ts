import type { ClassificationMetrics } from '../evaluation/metrics/classification-metrics';
import type { RegressionMetrics } from '../evaluation/metrics/regression-metrics';
import type { Prepared } from './prepare';
import type { Trained } from './train';

export type SplitMetrics = ClassificationMetrics | RegressionMetrics;

/** Metrics by the rows that they are of: `train`, `validation`, `test`. */
export type MetricsBySplit = Readonly<Record<string, SplitMetrics>>;

export interface ReportedTraining {
  readonly prepared: Prepared;
  readonly trained: Trained;
  readonly parameters: number;
  readonly metrics: MetricsBySplit;
}

/** More classes than this make a matrix that nobody reads and a record that no table takes. */
const mostListedClasses = 32;

/** What goes with the model's version: all single numbers, and what there is for each class while the classes are few. */
export const summaryOf = (metrics: MetricsBySplit): Record<string, unknown> =>
  Object.fromEntries(Object.entries(metrics).map(([split, all]) => [split, withoutLongLists(all)]));

function withoutLongLists(metrics: SplitMetrics): Record<string, unknown> {
  const long = (value: unknown) => Array.isArray(value) && value.length > mostListedClasses;
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => !long(value)));
}

/** How the training went, epoch by epoch. */
export const trainingSummary = ({ history, steps, bestEpoch }: Trained) => ({
  epochs: history.length,
  steps,
  ...(bestEpoch === undefined ? {} : { best_epoch: bestEpoch }),
  history,
});

/** All that is known of a training, for people and for later jobs. */
export function reportOf({ prepared, trained, parameters, metrics }: ReportedTraining) {
  const { encoding, target, used, unused, columnTypes, featureNames } = prepared;
  return {
    task: encoding.task,
    target,
    ...(encoding.task === 'classification' ? { classes: encoding.classes } : {}),
    columns: {
      used: used.map(({ name, kind }) => ({ name, kind, type: columnTypes[name] })),
      unused: unused.map(({ name, why }) => ({ name, why })),
    },
    ...(featureNames ? { features: featureNames } : {}),
    parameters,
    training: trainingSummary(trained),
    metrics,
  };
}
