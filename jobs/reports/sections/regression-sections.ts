import { binsOf, histogram } from '../charts/histogram';
import { scatterChart } from '../charts/scatter-chart';
import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import type { MeasuredRows } from '../report-data';

export interface Predictions {
  readonly part: string;
  readonly target: string;
  readonly pairs: NonNullable<MeasuredRows['predictions']>;
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
    text: 'On the dashed diagonal the prediction is right. The table has the rows that it misses most.',
    svg,
    table: {
      caption: 'Largest errors',
      columns: ['Actual', 'Predicted', 'Error'],
      rows: worst.map(({ actual, predicted }) =>
        [actual, predicted, predicted - actual].map((value) => ({ number: formatNumber(value) })),
      ),
      note: `Of ${formatNumber(pairs.length)} rows.`,
    },
  });
}

async function residualSection({ part, target, pairs }: Predictions): Promise<Section | undefined> {
  const bins = binsOf(pairs.map(({ actual, predicted }) => predicted - actual));
  if (bins === undefined) return undefined;
  const title = `Residuals of the ${part} rows`;
  const { edges, counts } = bins;
  return section({
    title,
    text: 'Predicted minus actual, in the unit of the target: right of 0 the model guesses too high. Without a bias the bars lie evenly about the dashed line.',
    svg: await histogram({ title, axis: `predicted − actual ${target}`, bins }),
    table: {
      caption: 'Residuals in bins',
      columns: ['From', 'To', 'Rows'],
      rows: counts.map((count, index) =>
        [edges[index] ?? 0, edges[index + 1] ?? 0, count].map((value) => ({ number: formatNumber(value) })),
      ),
    },
  });
}
