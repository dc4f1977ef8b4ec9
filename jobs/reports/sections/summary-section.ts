import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import type { MeasuredParts } from '../report-data';
import { capitalized, metricTitle } from './metric-title';

/** Says something of the curves, not of the model. */
const notMeasured = 'curves_left_out';

/** The single numbers of every part of the rows, side by side. */
export function summarySection(parts: MeasuredParts): Section | undefined {
  const measured = Object.entries(parts).map(([part, rows]) => ({
    part,
    numbers: new Map(
      Object.entries(rows).filter(([name, value]) => typeof value === 'number' && name !== notMeasured),
    ),
  }));
  const names = [...new Set(measured.flatMap(({ numbers }) => [...numbers.keys()]))];
  if (names.length === 0) return undefined;
  return section({
    title: 'Results',
    text: `Measured on the exported model, from raw columns to predictions, as it serves.${
      parts.test === undefined
        ? ''
        : ' The test rows were neither trained on nor chosen by: theirs are the numbers to quote.'
    }`,
    table: {
      caption: 'Metrics by the rows that they are of',
      columns: ['Metric', ...measured.map(({ part }) => capitalized(part))],
      rows: names.map((name) => [
        capitalized(metricTitle(name)),
        ...measured.map(({ numbers }) => ({ number: formatNumber(Number(numbers.get(name) ?? Number.NaN)) })),
      ]),
    },
  });
}
