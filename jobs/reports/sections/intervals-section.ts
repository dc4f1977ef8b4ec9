import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import { capitalized, metricTitle } from './metric-title';

/** A metric and how far it may be off by the choice of rows. */
export interface MetricInterval {
  readonly metric: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Of 1: how often such an interval holds the truth. */
  readonly confidence: number;
}

/** How sure the numbers are. */
export function intervalsSection(intervals: readonly MetricInterval[]): Section | undefined {
  if (intervals.length === 0) return undefined;
  return section({
    title: 'Confidence intervals',
    text: 'From the same number of rows drawn with replacement from those measured, again and again (bootstrap).',
    table: {
      caption: 'Metrics and their intervals',
      columns: ['Metric', 'Value', 'From', 'To', 'Confidence'],
      rows: intervals.map(({ metric, value, low, high, confidence }) => [
        capitalized(metricTitle(metric)),
        ...[value, low, high].map((number) => ({ number: formatNumber(number) })),
        { number: `${formatNumber(100 * confidence)} %` },
      ]),
    },
  });
}
