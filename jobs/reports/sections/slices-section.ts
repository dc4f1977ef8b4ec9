import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import { capitalized, metricTitle } from './metric-title';

/** The rows whose column has one value, or lies in one range, and what was measured on them. */
export interface MeasuredSlice {
  readonly column: string;
  readonly value: string;
  readonly rows: number;
  /** Single numbers by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

const mostListedSlices = 200;
const mostListedMetrics = 6;

/** The same metrics on parts of the rows: whom the model serves worse. */
export function slicesSection(slices: readonly MeasuredSlice[]): Section | undefined {
  if (slices.length === 0) return undefined;
  const names = [...new Set(slices.flatMap(({ metrics }) => Object.keys(metrics)))].slice(
    0,
    mostListedMetrics,
  );
  const left = slices.length - mostListedSlices;
  return section({
    title: 'Slices',
    text: 'The same model on parts of the rows. A part that does worse than the whole is a group that the model serves worse, or one of too few rows to tell.',
    table: {
      caption: 'Metrics by slice',
      columns: ['Column', 'Value', 'Rows', ...names.map((name) => capitalized(metricTitle(name)))],
      rows: slices
        .slice(0, mostListedSlices)
        .map(({ column, value, rows, metrics }) => [
          column,
          value,
          { number: formatNumber(rows) },
          ...names.map((name) => ({ number: formatNumber(metrics[name] ?? Number.NaN) })),
        ]),
      ...(left > 0 ? { note: `${left} more are in evaluation.json.` } : {}),
    },
  });
}
