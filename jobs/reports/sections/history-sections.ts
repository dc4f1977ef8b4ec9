import { type Axis, type Line, type LineChart, lineChart } from '../charts/line-chart';
import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import type { HistoryRow } from '../report-data';
import type { Table } from '../table';
import { sample } from '../thin';
import { capitalized, metricTitle } from './metric-title';

export interface History {
  readonly rows: readonly HistoryRow[];
  /** Whose weights were kept, from 0. */
  readonly bestEpoch?: number | undefined;
}

interface Quantity {
  readonly name: string;
  readonly of: (row: HistoryRow) => number | undefined;
}

interface Curve {
  readonly title: string;
  readonly text: string;
  readonly y: Axis;
  readonly quantities: readonly Quantity[];
}

const mostListedEpochs = 16;

const isLoss = (name: string): boolean => name.endsWith('loss');

const metricNames = (rows: readonly HistoryRow[]): readonly string[] => [
  ...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics))),
];

const metricOf = (name: string): Quantity => ({
  name: metricTitle(name),
  of: ({ metrics }) => metrics[name],
});

const lossCurve = (names: readonly string[]): Curve => ({
  title: 'Loss',
  text: 'The loss of each epoch: on the rows trained on, mean over its steps, and on the validation rows after it. A validation loss that rises while the training loss falls tells of overfitting.',
  y: { title: 'loss', scale: 'auto' },
  quantities: [
    { name: 'training loss', of: ({ training_loss }) => training_loss },
    ...names.filter(isLoss).map(metricOf),
  ],
});

const metricCurve = (name: string): Curve => ({
  title: capitalized(metricTitle(name)),
  text: 'After each epoch.',
  y: { title: metricTitle(name) },
  quantities: [metricOf(name)],
});

const learningRate: Curve = {
  title: 'Learning rate',
  text: 'As its schedule had it at the end of each epoch.',
  y: { title: 'learning rate' },
  quantities: [{ name: 'learning rate', of: ({ learning_rate }) => learning_rate }],
};

const throughput: Curve = {
  title: 'Throughput',
  text: 'Rows trained on in a second of each epoch, on the machine that the job had.',
  y: { title: 'rows per second' },
  quantities: [{ name: 'rows per second', of: ({ rows_per_second }) => rows_per_second }],
};

/** What was told of each epoch, as curves: losses, then every metric, the learning rate and the throughput. */
export async function historySections(history: History): Promise<readonly Section[]> {
  const names = metricNames(history.rows);
  const others = names.filter((name) => !isLoss(name));
  const curves = [lossCurve(names), ...others.map(metricCurve), learningRate, throughput];
  const sections = await Promise.all(curves.map((curve) => curveSection(curve, history)));
  return sections.filter((one) => one !== undefined);
}

async function curveSection(curve: Curve, history: History): Promise<Section | undefined> {
  const { title, text, y } = curve;
  const told = curve.quantities.filter(({ of }) => history.rows.some((row) => of(row) !== undefined));
  if (told.length === 0) return undefined;
  const chart: LineChart = {
    title,
    x: { title: 'epoch', whole: true },
    y,
    lines: told.map((quantity) => lineOf(quantity, history.rows)),
    ...(history.bestEpoch === undefined
      ? {}
      : { moment: { x: history.bestEpoch + 1, label: `best: epoch ${history.bestEpoch + 1}` } }),
  };
  const svg = history.rows.length > 1 ? await lineChart(chart) : undefined;
  return section({ title, text, ...(svg ? { svg } : {}), table: tableOf(title, told, history) });
}

const lineOf = ({ name, of }: Quantity, rows: readonly HistoryRow[]): Line => ({
  name,
  points: rows.map((row) => ({ x: row.epoch + 1, y: of(row) ?? Number.NaN })),
});

function tableOf(title: string, quantities: readonly Quantity[], history: History): Table {
  const { rows, bestEpoch } = history;
  const chosen = new Set(sample(rows, mostListedEpochs));
  const listed = rows.filter((row) => chosen.has(row) || row.epoch === bestEpoch);
  const left = rows.length - listed.length;
  return {
    caption: `${title} by epoch`,
    columns: ['Epoch', ...quantities.map(({ name }) => capitalized(name))],
    rows: listed.map((row) => [
      { number: `${formatNumber(row.epoch + 1)}${row.epoch === bestEpoch ? ' (best)' : ''}` },
      ...quantities.map(({ of }) => ({ number: formatNumber(of(row) ?? Number.NaN) })),
    ]),
    ...(left > 0
      ? { note: `${listed.length} of ${formatNumber(rows.length)} epochs; all are in report.json.` }
      : {}),
  };
}
