import type { CompressionReport, Measured } from '../../compression/compression-report';
import { type Limit, type PointLook, type TradeOffChart, tradeOffChart } from '../charts/trade-off-chart';
import { frontOf } from '../charts/trade-off-scales';
import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import { type ListedCandidate, measuredOf, type Standing } from './listed-candidates';
import { capitalized, metricTitle } from './metric-title';

const lookOf: Readonly<Record<Standing, PointLook>> = {
  chosen: 'chosen',
  'keeps it': 'keeps the contract',
  'breaks it': 'breaks the contract',
  failed: 'breaks the contract',
};

/** One of the two costs. */
interface Cost {
  readonly title: string;
  readonly axis: string;
  readonly format: TradeOffChart['cost']['format'];
  readonly column: string;
  readonly text: string;
  readonly of: (measured: Measured) => { readonly cost: number; readonly costHigh?: number };
  readonly limit: (contract: CompressionReport['contract']) => number | undefined;
}

const costs: readonly Cost[] = [
  {
    title: 'Quality against size',
    axis: 'bytes of the file',
    format: '~s',
    column: 'Bytes',
    text: 'Left is smaller.',
    of: ({ bytes }) => ({ cost: bytes }),
    limit: ({ max_bytes }) => max_bytes,
  },
  {
    title: 'Quality against latency',
    axis: 'milliseconds, from p50 (mark) to p95 (dotted line)',
    format: '~g',
    column: 'p50, ms',
    text: 'Left is faster; the limit, where there is one, is for p95.',
    of: ({ latency_milliseconds: { p50, p95 } }) => ({ cost: p50, costHigh: p95 }),
    limit: ({ max_latency_ms }) => max_latency_ms,
  },
];

function pointsOf(report: CompressionReport, listed: readonly ListedCandidate[], { of }: Cost) {
  const { original, nearest_miss: miss } = report;
  const tried = measuredOf(listed).map(({ number, standing, candidate, measured }) => {
    const word = standing === 'chosen' ? 'chosen' : candidate.id === miss?.id ? 'nearest miss' : undefined;
    return {
      label: word === undefined ? `${number}` : `${number}, ${word}`,
      name: candidate.id,
      look: lookOf[standing],
      isNotable: word !== undefined,
      ...of(measured),
      quality: measured.metric,
    };
  });
  const before = { label: 'original', name: 'The original', look: 'original', isNotable: true } as const;
  return [{ ...before, ...of(original), quality: original.metric }, ...tried];
}

const limitAt = (value: number | undefined, label: string): { limit?: Limit } =>
  value === undefined ? {} : { limit: { value, label: `${label} ${formatNumber(value)}` } };

/** Quality against bytes, and against latency: the original, the chosen one, the front, and the limits of the contract. */
export async function tradeOffSections(
  report: CompressionReport,
  listed: readonly ListedCandidate[],
): Promise<readonly Section[]> {
  const sections = await Promise.all(costs.map((cost) => tradeOffSection(report, listed, cost)));
  return sections.filter((one) => one !== undefined);
}

async function tradeOffSection(
  report: CompressionReport,
  listed: readonly ListedCandidate[],
  cost: Cost,
): Promise<Section | undefined> {
  const { contract, original } = report;
  const better = contract.higher_is_better ? 'higher' : 'lower';
  const points = pointsOf(report, listed, cost);
  const worst = original.metric.value - (better === 'higher' ? 1 : -1) * contract.max_drop;
  const metric = metricTitle(contract.metric);
  const chart: TradeOffChart = {
    title: cost.title,
    cost: { title: cost.axis, format: cost.format, ...limitAt(cost.limit(contract), 'at most') },
    quality: { title: metric, better, ...limitAt(worst, `at ${better === 'higher' ? 'least' : 'most'}`) },
    points,
  };
  const svg = await tradeOffChart(chart);
  if (svg === undefined) return undefined;
  const front = frontOf(points, better);
  return section({
    title: cost.title,
    text: `${cost.text} ${better === 'higher' ? 'Higher' : 'Lower'} is better. The grey line is the Pareto front: the best that is to be had at so much or less. Dashed lines are the limits of the contract; upright lines through the marks are confidence intervals. A triangle at the edge stands for a candidate that is off the picture.`,
    svg,
    table: {
      caption: 'On the front',
      columns: ['', 'Candidate', cost.column, capitalized(metric)],
      rows: front.map((point) => [
        point.label,
        point.name,
        { number: formatNumber(point.cost) },
        { number: formatNumber(point.quality.value) },
      ]),
    },
  });
}
