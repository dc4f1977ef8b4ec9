import { formatNumber } from './format-number';
import { type Fact, page } from './page';
import type { ClassValue, MeasuredRows } from './report-data';
import { intervalsSection, type MetricInterval } from './sections/intervals-section';
import { measuredSections } from './sections/measured-sections';
import { settingsSection } from './sections/settings-section';
import { type MeasuredSlice, slicesSection } from './sections/slices-section';
import { summarySection } from './sections/summary-section';

/** A model as it was measured on a data set; sections are there where their data are. */
export interface EvaluationReport {
  readonly model: { readonly name: string; readonly version: number };
  readonly dataset: string;
  readonly task: string;
  readonly target: string;
  readonly classes?: readonly ClassValue[];
  readonly metrics: MeasuredRows;
  readonly intervals?: readonly MetricInterval[];
  readonly slices?: readonly MeasuredSlice[];
  readonly spec?: unknown;
  readonly facts?: readonly Fact[];
}

/** What the rows of an evaluation are called. */
const part = 'evaluated';

/** The report of an evaluation, as one HTML file that needs nothing else. */
export async function evaluationReportPage(report: EvaluationReport): Promise<string> {
  const { model, dataset, task, target, metrics, intervals, slices, spec, facts = [] } = report;
  const classes = (report.classes ?? []).map(String);
  const parts = { [part]: metrics };
  const sections = await Promise.all([
    summarySection(parts),
    intervals && intervalsSection(intervals),
    measuredSections({ parts, target, classes }),
    slices && slicesSection(slices),
    spec === undefined ? undefined : settingsSection(spec),
  ]);
  return page({
    kind: 'Evaluation report',
    title: `${model.name}, version ${model.version}`,
    facts: [
      { name: 'Data set', value: dataset },
      { name: 'Rows', value: formatNumber(metrics.rows) },
      { name: 'Task', value: task },
      { name: 'Target', value: target },
      ...facts,
    ],
    sections: sections.flat().filter((one) => one !== undefined),
    footnote:
      'Metrics are defined as in scikit-learn. Every number of this page is in evaluation.json, in full, beside it.',
  });
}
