import { type Bins, binsOf, histogram } from '../charts/histogram';
import { scatterChart } from '../charts/scatter-chart';
import { formatNumber, formatShare } from '../format-number';
import { type Section, section } from '../page';
import type { DrawnRegression } from '../report-data';
import type { Table } from '../table';

export interface Predictions {
  readonly part: string;
  readonly target: string;
  readonly pairs: NonNullable<DrawnRegression['predictions']>;
  readonly quantiles?: DrawnRegression['error_quantiles'];
}

/** Predicted against actual numbers, and how far they lie apart. */
export async function regressionSections(predictions: Predictions): Promise<readonly Section[]> {
  const sections = await Promise.all([scatterSection(predictions), residualSection(predictions)]);
  return sections.filter((one) => one !== undefined);
}

async function scatterSection({ part, target, pairs }: Predictions): Promise<Section | undefined> {
  const title = `Predicted against actual, ${part} rows`;
  const points = pairs.map(({ actual, predicted }) => ({ x: actual, y: predicted }));
  const svg = await scatterChart({ title, x: `actual ${target}`, y: `predicted ${target}`, points });
  if (svg === undefined) return undefined;
  const worst = [...pairs]
    .sort((a, b) => Math.abs(b.predicted - b.actual) - Math.abs(a.predicted - a.actual))
    .slice(0, 10);
  return section({
    title,
    text: 'On the dashed diagonal the prediction is right. The table has those of these rows that it misses most.',
    svg,
    table: {
      caption: 'Largest errors',
      columns: ['Actual', 'Predicted', 'Error'],
      rows: worst.map(({ actual, predicted }) =>
        [actual, predicted, actual - predicted].map((value) => ({ number: formatNumber(value) })),
      ),
      note: `Of ${formatNumber(pairs.length)} rows.`,
    },
  });
}

async function residualSection(predictions: Predictions): Promise<Section | undefined> {
  const { part, target, pairs, quantiles = [] } = predictions;
  const bins = binsOf(pairs.map(({ actual, predicted }) => actual - predicted));
  if (bins === undefined) return undefined;
  const title = `Residuals of the ${part} rows`;
  return section({
    title,
    text: 'Actual minus predicted, in the unit of the target: right of 0 the model guesses too low. Without a bias the bars lie evenly about the dashed line.',
    svg: await histogram({ title, axis: `actual − predicted ${target}`, bins }),
    table: quantiles.length > 0 ? quantilesTable(quantiles) : binsTable(bins),
  });
}

const quantilesTable = (quantiles: NonNullable<Predictions['quantiles']>): Table => ({
  caption: 'How the residuals of all rows spread',
  columns: ['So many rows', 'Have at most'],
  rows: quantiles.map(({ fraction, error }) => [
    { number: formatShare(fraction) },
    { number: formatNumber(error) },
  ]),
});

const binsTable = ({ edges, counts }: Bins): Table => ({
  caption: 'Residuals in bins',
  columns: ['From', 'To', 'Rows'],
  rows: counts.map((count, index) =>
    [edges[index] ?? 0, edges[index + 1] ?? 0, count].map((value) => ({ number: formatNumber(value) })),
  ),
});
