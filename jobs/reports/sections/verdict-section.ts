import type { CompressionReport, Measured } from '../../compression/compression-report';
import { formatNumber } from '../format-number';
import { html } from '../markup';
import type { Section } from '../page';
import { tableMarkup } from '../table';
import { formatInterval } from './format-interval';
import { chosenOf, type ListedCandidate } from './listed-candidates';
import { capitalized, metricTitle } from './metric-title';
import { stepsText } from './step-text';

/** How many times smaller or faster. */
const times = (before: number, after: number): string => `${(before / after).toFixed(2)} ×`;

interface Line {
  readonly name: string;
  readonly of: (measured: Measured) => number;
  /** Whether it is worth telling how many times less it became. */
  readonly shrinks?: false;
}

const linesFor = (metric: string): readonly Line[] => [
  { name: 'File, bytes', of: ({ bytes }) => bytes },
  { name: 'File, gzip, bytes', of: ({ gzip_bytes }) => gzip_bytes },
  { name: 'Latency p50, ms', of: ({ latency_milliseconds }) => latency_milliseconds.p50 },
  { name: 'Latency p95, ms', of: ({ latency_milliseconds }) => latency_milliseconds.p95 },
  { name: 'Memory, MiB', of: ({ memory_mib }) => memory_mib },
  { name: 'USD per million on Lambda', of: ({ lambda }) => lambda.usd_per_million },
  { name: capitalized(metricTitle(metric)), of: ({ metric: { value } }) => value, shrinks: false },
];

/** The original beside what is to take its place. */
function comparison({ original, contract }: CompressionReport, chosen: Measured) {
  return tableMarkup({
    caption: 'Before and after',
    columns: ['', 'Original', 'Chosen', 'Original over chosen'],
    rows: linesFor(contract.metric).map(({ name, of, shrinks }) => [
      name,
      { number: formatNumber(of(original)) },
      { number: formatNumber(of(chosen)) },
      { number: shrinks === false ? '' : times(of(original), of(chosen)) },
    ]),
  });
}

function changeText({ contract: { metric } }: CompressionReport, { drop }: Measured): string {
  const size = formatNumber(Math.abs(drop.value));
  const how = drop.value === 0 ? 'is as good' : `is ${size} ${drop.value > 0 ? 'worse' : 'better'}`;
  return `Its ${metricTitle(metric)} ${how}; for other rows of the same kind, the drop would lie within ${formatInterval(drop)} (95 %).`;
}

/** What was chosen, or that nothing was, and why; the first thing to read. */
export function verdictSection(report: CompressionReport, listed: readonly ListedCandidate[]): Section {
  const { chosen, nearest_miss: miss } = report;
  const winner = chosenOf(listed);
  const title = 'Verdict';
  if (winner === undefined)
    return {
      title,
      body: html`<p class="verdict">The original stays.</p>
<p>${`${capitalized(chosen.why)}.`}</p>
${miss && html`<p>${`Nearest to the contract: ${miss.id}${placeOf(miss.id, listed)}. ${miss.why}`}</p>`}`,
    };
  return {
    title,
    body: html`<p class="verdict">${winner.candidate.id} was chosen, and registered as a new version.</p>
<p>${`${stepsText(winner.candidate.steps)}. ${capitalized(chosen.why)}.`}</p>
<p>${changeText(report, winner.measured)}</p>
${comparison(report, winner.measured)}`,
  };
}

const placeOf = (id: string, listed: readonly ListedCandidate[]): string => {
  const place = listed.find(({ candidate }) => candidate.id === id);
  return place === undefined ? '' : `, number ${place.number}`;
};
