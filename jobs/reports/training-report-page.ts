import { formatDuration, formatNumber } from './format-number';
import { type Fact, page } from './page';
import type { ClassValue, HistoryRow, MeasuredParts } from './report-data';
import { columnsSection, type ReportedColumns } from './sections/columns-section';
import { historySections } from './sections/history-sections';
import { measuredSections } from './sections/measured-sections';
import { settingsSection } from './sections/settings-section';
import { summarySection } from './sections/summary-section';

/** What `report.json` of a training holds, and whose it is; sections are there where their data are. */
export interface TrainingReport {
  /** Of the model that was trained. */
  readonly name: string;
  readonly task: string;
  readonly target: string;
  /** In the order of the matrices. */
  readonly classes?: readonly ClassValue[];
  readonly columns?: ReportedColumns;
  readonly parameters: number;
  readonly training: {
    readonly epochs: number;
    readonly steps: number;
    /** Whose weights these are, from 0, where early stopping chose. */
    readonly best_epoch?: number;
    readonly history: readonly HistoryRow[];
  };
  readonly metrics: MeasuredParts;
  readonly spec?: unknown;
  /** More to say at the head of the page: data set, provider, threads. */
  readonly facts?: readonly Fact[];
}

function factsOf({
  task,
  target,
  classes,
  parameters,
  training,
  metrics,
  facts = [],
}: TrainingReport): Fact[] {
  const seconds = training.history.reduce((sum, row) => sum + (row.seconds ?? 0), 0);
  const rows = Object.entries(metrics).map(([part, measured]) => `${formatNumber(measured.rows)} ${part}`);
  return [
    { name: 'Task', value: classes ? `${task} of ${formatNumber(classes.length)} classes` : task },
    { name: 'Target', value: target },
    { name: 'Trainable parameters', value: formatNumber(parameters) },
    { name: 'Epochs', value: formatNumber(training.epochs) },
    { name: 'Steps', value: formatNumber(training.steps) },
    ...(training.best_epoch === undefined
      ? []
      : [{ name: 'Weights of', value: `epoch ${training.best_epoch + 1}, the best by validation loss` }]),
    ...(seconds > 0 ? [{ name: 'Time in training', value: formatDuration(seconds) }] : []),
    ...(rows.length > 0 ? [{ name: 'Rows measured on', value: rows.join(', ') }] : []),
    ...facts,
  ];
}

/** The report of a training, as one HTML file that needs nothing else. */
export async function trainingReportPage(report: TrainingReport): Promise<string> {
  const { name, target, training, metrics, columns, spec } = report;
  const classes = (report.classes ?? []).map(String);
  const sections = await Promise.all([
    summarySection(metrics),
    historySections({ rows: training.history, bestEpoch: training.best_epoch }),
    measuredSections({ parts: metrics, target, classes }),
    columns && columnsSection(columns),
    spec === undefined ? undefined : settingsSection(spec),
  ]);
  return page({
    kind: 'Training report',
    title: name,
    facts: factsOf(report),
    sections: sections.flat().filter((one) => one !== undefined),
    footnote:
      'Metrics are defined as in scikit-learn. Every number of this page is in report.json, in full, beside it.',
  });
}
