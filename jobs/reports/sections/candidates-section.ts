import type { CandidateReport, CompressionReport, Measured } from '../../compression/compression-report';
import { formatDuration, formatNumber } from '../format-number';
import { type Section, section } from '../page';
import type { Cell, Table } from '../table';
import { formatInterval } from './format-interval';
import type { ListedCandidate } from './listed-candidates';
import { capitalized, metricTitle } from './metric-title';
import { stepsText } from './step-text';

const mostListed = 200;

interface Column {
  readonly title: string;
  readonly of: (measured: Measured) => string;
}

const columnsFor = (metric: string): readonly Column[] => [
  { title: 'Bytes', of: ({ bytes }) => formatNumber(bytes) },
  { title: 'Gzip', of: ({ gzip_bytes }) => formatNumber(gzip_bytes) },
  { title: capitalized(metricTitle(metric)), of: ({ metric: { value } }) => formatNumber(value) },
  { title: 'Interval', of: (measured) => formatInterval(measured.metric) },
  { title: 'Drop', of: ({ drop }) => formatNumber(drop.value) },
  { title: 'p50', of: ({ latency_milliseconds: { p50 } }) => formatNumber(p50) },
  { title: 'p95', of: ({ latency_milliseconds: { p95 } }) => formatNumber(p95) },
  { title: 'MiB', of: ({ memory_mib }) => formatNumber(memory_mib) },
  { title: 'Lambda', of: ({ lambda }) => formatNumber(lambda.memory_mb) },
  { title: 'USD', of: ({ lambda }) => formatNumber(lambda.usd_per_million) },
];

const noteOf = (count: number): Pick<Table, 'note'> =>
  count > mostListed ? { note: `${formatNumber(count - mostListed)} more are in report.json.` } : {};

const summaryOf = (listed: readonly ListedCandidate[]): string => {
  const count = (standing: ListedCandidate['standing']) =>
    listed.filter((one) => one.standing === standing).length;
  const keep = count('chosen') + count('keeps it');
  return `${formatNumber(listed.length)} were tried: ${formatNumber(keep)} keep the contract, ${formatNumber(count('breaks it'))} break it, ${formatNumber(count('failed'))} failed.`;
};

/** All that were tried, with the original for comparison. */
export function candidatesSection(report: CompressionReport, listed: readonly ListedCandidate[]): Section {
  const columns = columnsFor(report.contract.metric);
  const numbers = (measured: Measured | undefined): readonly Cell[] =>
    columns.map(({ of }) => ({ number: measured === undefined ? '–' : of(measured) }));
  return section({
    title: 'Candidates',
    text: `${summaryOf(listed)} Latencies are in milliseconds. MiB is the memory of a process that serves the model alone; Lambda is the memory size in MB at which predictions cost least, and USD what a million of them cost there. The numbers in the first column are those of the pictures.`,
    table: {
      caption: 'Candidates, small ones first within each standing',
      columns: ['No.', 'Candidate', 'Contract', ...columns.map(({ title }) => title)],
      rows: [
        [{ number: '' }, 'The original', '', ...numbers(report.original)],
        ...listed
          .slice(0, mostListed)
          .map(({ number, candidate, standing }): readonly Cell[] => [
            { number: formatNumber(number) },
            candidate.id,
            standing,
            ...numbers(candidate.measured),
          ]),
      ],
      ...noteOf(listed.length),
    },
  });
}

const remarksOf = ({ failed, breaks, notes }: CandidateReport): string =>
  [
    failed === undefined ? undefined : `Failed: ${failed}`,
    ...breaks.map((broken) => `Breaks: ${broken}`),
    ...notes,
  ]
    .filter((remark) => remark !== undefined)
    .join('; ');

/** What each one is, what it breaks and what else there is to say of it. */
export function methodsSection(listed: readonly ListedCandidate[]): Section | undefined {
  if (listed.length === 0) return undefined;
  return section({
    title: 'Methods',
    text: 'What was done for each candidate, what of the contract it breaks, and why some have no numbers.',
    table: {
      caption: 'What was tried',
      columns: ['No.', 'Candidate', 'Method', 'Remarks', 'Took'],
      rows: listed
        .slice(0, mostListed)
        .map(({ number, candidate }): readonly Cell[] => [
          { number: formatNumber(number) },
          candidate.id,
          { prose: stepsText(candidate.steps) },
          { prose: remarksOf(candidate) },
          { number: formatDuration(candidate.seconds) },
        ]),
      ...noteOf(listed.length),
    },
  });
}
