import { colour, seriesColours } from '../chart-theme';
import { draw } from '../draw';
import { formatNumber } from '../format-number';
import type { Markup } from '../markup';

/** Counts of numbers between neighbouring edges: one edge more than counts. */
export interface Bins {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

const mostBins = 40;

/** As many bins of one width as the square root of the numbers, up to 40; numbers that are none are left out. */
export function binsOf(numbers: readonly number[]): Bins | undefined {
  const finite = numbers.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const least = finite.reduce((so, value) => Math.min(so, value));
  const most = finite.reduce((so, value) => Math.max(so, value));
  const bins = least === most ? 1 : Math.min(mostBins, Math.ceil(Math.sqrt(finite.length)));
  const width = least === most ? 1 : (most - least) / bins;
  const from = least === most ? least - 0.5 : least;
  const counts = new Array<number>(bins).fill(0);
  for (const value of finite) {
    const bin = Math.min(bins - 1, Math.floor((value - from) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, index) => from + index * width), counts };
}

export interface Histogram {
  readonly title: string;
  readonly axis: string;
  readonly bins: Bins;
}

/** How often numbers of a size occur, with an upright line at 0. */
export async function histogram({ title, axis, bins }: Histogram): Promise<Markup> {
  const { edges, counts } = bins;
  const values = counts.map((count, index) => ({
    from: edges[index] ?? 0,
    to: edges[index + 1] ?? 0,
    count,
  }));
  const peak = counts.indexOf(Math.max(...counts));
  const total = counts.reduce((sum, count) => sum + count, 0);
  return draw({
    title,
    description: `Histogram of ${axis} over ${total} rows; most lie between ${formatNumber(edges[peak] ?? 0)} and ${formatNumber(edges[peak + 1] ?? 0)}.`,
    spec: {
      width: 470,
      height: 240,
      layer: [
        {
          data: { values },
          mark: { type: 'rect', color: seriesColours[0] ?? '', stroke: colour.paper, strokeWidth: 0.5 },
          encoding: {
            x: {
              field: 'from',
              type: 'quantitative',
              title: axis,
              scale: { zero: false, nice: false },
              axis: { grid: false, tickCount: 6 },
            },
            x2: { field: 'to' },
            y: { field: 'count', type: 'quantitative', title: 'rows', axis: { tickMinStep: 1 } },
            y2: { datum: 0 },
          },
        },
        ...((edges[0] ?? 0) < 0 && (edges.at(-1) ?? 0) > 0
          ? [
              {
                data: { values: [{ at: 0 }] },
                mark: { type: 'rule' as const, color: colour.ink, strokeDash: [3, 3] },
                encoding: { x: { field: 'at', type: 'quantitative' as const } },
              },
            ]
          : []),
      ],
    },
  });
}
