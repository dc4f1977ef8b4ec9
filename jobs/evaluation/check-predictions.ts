import { UnusableDataError } from '../../shared/errors/job-errors';
import type { SplitTable } from '../datasets/split-table';
import type { Predictions } from './predictions';

/** `UnusableDataError` where there is no row to measure on. */
export function refuseEmpty({ table, target, counts }: SplitTable): void {
  if (counts.test > 0) return;
  const why =
    table.rows === 0
      ? 'it has no rows'
      : `the target '${target.name}' is missing in all of its ${table.rows} rows`;
  throw new UnusableDataError(
    `nothing can be measured on the data set: ${why}; give rows whose truth is known`,
    'no_rows',
  );
}

const mostNamed = 10;

/** Labels that no model could know, the most frequent first. */
export const unseenLabels = ({ unseen }: Predictions): { label: string; rows: number }[] =>
  [...unseen].map(([label, rows]) => ({ label, rows })).sort((a, b) => b.rows - a.rows);

/**
 * What should be known of predictions before their metrics are believed, in words. `UnusableDataError` where no row has a
 * label that the model knows, or where what it said is not a number.
 */
export function checkPredictions(predictions: Predictions, { counts }: SplitTable): string[] {
  const unseen = unseenLabels(predictions);
  const unseenRows = unseen.reduce((sum, { rows }) => sum + rows, 0);
  const named = unseen.slice(0, mostNamed).map(({ label, rows }) => `'${label}' (${rows})`);
  const more = unseen.length > mostNamed ? `, and ${unseen.length - mostNamed} more` : '';
  if (predictions.rows === 0)
    throw new UnusableDataError(
      `nothing can be measured on the data set: the model knows none of its labels: ${named.join(', ')}${more}; it knows ${knownTo(predictions)}`,
      'unknown_class',
    );
  refuseNotNumbers(predictions);
  return [
    ...(counts.dropped > 0 ? [`${counts.dropped} rows are left out: their target is missing`] : []),
    ...(unseenRows > 0
      ? [`${unseenRows} rows are left out: the model knows none of their labels: ${named.join(', ')}${more}`]
      : []),
    ...(predictions.task === 'classification' && predictions.fromScores
      ? ['the model gives scores, not probabilities: their softmax is measured']
      : []),
  ];
}

const knownTo = (predictions: Predictions): string =>
  predictions.task === 'classification'
    ? predictions.names
        .slice(0, mostNamed)
        .map((name) => `'${name}'`)
        .join(', ')
    : 'numbers';

function refuseNotNumbers(predictions: Predictions): void {
  const [values, width] =
    predictions.task === 'classification'
      ? [predictions.probabilities, predictions.classes]
      : [predictions.predicted, 1];
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const row = Math.floor(at / width);
  throw new UnusableDataError(
    `the model says ${values[at]} of row ${row} of those that it was measured on, counted from 0; look for values that it cannot read, such as missing or immense ones`,
    'not_a_number',
  );
}
