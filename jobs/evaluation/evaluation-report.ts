import type { EvaluateSpec } from '../../shared/contracts/kinds/evaluate';
import type { MeasurableSignature } from '../../shared/datasets/check-evaluation';
import type { SplitTable } from '../datasets/split-table';
import type { Bootstrapped } from './bootstrap';
import { unseenLabels } from './check-predictions';
import type { ModelCurves, ModelMetrics } from './evaluate-model';
import { type MeasuredSlice, singleNumbers } from './measure-slices';
import type { Predictions } from './predictions';
import type { LeftOut } from './slices';

export interface Evaluated {
  readonly model: { readonly name: string; readonly version: number };
  readonly spec: EvaluateSpec;
  readonly signature: MeasurableSignature;
  readonly rows: SplitTable;
  readonly predictions: Predictions;
  readonly metrics: ModelMetrics;
  readonly curves: ModelCurves;
  readonly bootstrap: Bootstrapped;
  readonly slices: MeasuredSlice[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

/** More labels than that are not told one by one. */
const mostLabels = 100;

/** What stands for the rows that training held out, in place of a data set's id. */
const heldOut = 'held-out rows of the training';

/** All that an evaluation found: `evaluation.json`, and what its page is drawn from. */
export function evaluationReport(found: Evaluated) {
  const { model, spec, signature, rows, predictions, metrics, curves, bootstrap } = found;
  const { intervals, ...resampling } = bootstrap;
  return {
    model,
    dataset: spec.dataset ?? heldOut,
    task: signature.task,
    target: signature.target,
    ...(signature.task === 'classification' ? { classes: signature.classes ?? [] } : {}),
    rows: {
      measured: predictions.rows,
      without_target: rows.counts.dropped,
      of_unseen_labels: rows.counts.test - predictions.rows,
    },
    unseen_labels: unseenLabels(predictions).slice(0, mostLabels),
    metrics: { ...metrics, ...curves },
    intervals,
    bootstrap: resampling,
    slices: found.slices,
    slices_left_out: found.leftOut,
    notes: found.notes,
    spec,
  };
}

export type EvaluationReport = ReturnType<typeof evaluationReport>;

/** What the job's record has of it: single numbers, each with its interval where it has one. */
export function summaryOf({ metrics, intervals, rows }: EvaluationReport): Record<string, unknown> {
  return {
    rows: rows.measured,
    ...(rows.without_target > 0 ? { rows_without_target: rows.without_target } : {}),
    ...(rows.of_unseen_labels > 0 ? { rows_of_unseen_labels: rows.of_unseen_labels } : {}),
    ...singleNumbers(metrics),
    ...('averages' in metrics ? { averages: metrics.averages } : {}),
    ...(intervals.length > 0
      ? {
          confidence_intervals: Object.fromEntries(
            intervals.map(({ metric, low, high }) => [metric, [low, high]]),
          ),
        }
      : {}),
  };
}

const mostTold = 4;

/** The numbers that people ask for first, in one line. */
export function headlineOf({ metrics, rows }: EvaluationReport): string {
  const numbers = Object.entries(singleNumbers(metrics)).slice(0, mostTold);
  const told = numbers.map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  return `${rows.measured} rows: ${told.join(', ')}`;
}
