import { colour, seriesColours } from '../chart-theme';
import { draw } from '../draw';
import type { Markup } from '../markup';
import { sample } from '../thin';
import type { Point } from './line-chart';

export interface ScatterChart {
  readonly title: string;
  /** Titles of the axes. */
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
}

const mostPoints = 2_000;
const side = 340;

const bounds = (points: readonly Point[]): [number, number] => [
  points.reduce((so, { x, y }) => Math.min(so, x, y), Number.POSITIVE_INFINITY),
  points.reduce((so, { x, y }) => Math.max(so, x, y), Number.NEGATIVE_INFINITY),
];

/** Points of two numbers of one unit, with the line on which both are equal; undefined where there is none. */
export async function scatterChart({ title, x, y, points }: ScatterChart): Promise<Markup | undefined> {
  const finite = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
  if (finite.length === 0) return undefined;
  const drawn = sample(finite, mostPoints);
  const [least, most] = bounds(drawn);
  const axisOf = (field: 'x' | 'y', axis: string) => ({
    field,
    type: 'quantitative' as const,
    title: axis,
    scale: { zero: false, domain: least === most ? [least - 1, most + 1] : [least, most], nice: true },
    axis: { tickCount: 6 },
  });
  const encoding = { x: axisOf('x', x), y: axisOf('y', y) };
  const opacity = drawn.length > 300 ? 0.35 : 0.6;
  return draw({
    title,
    description: `Scatter plot of ${y} against ${x}, ${drawn.length} points; on the dashed line both are equal.`,
    spec: {
      width: side,
      height: side,
      encoding,
      layer: [
        {
          data: { values: [least, most].map((value) => ({ x: value, y: value })) },
          mark: { type: 'line', strokeWidth: 1, strokeDash: [3, 3], color: colour.quiet },
        },
        {
          data: { values: drawn.map((point) => ({ x: point.x, y: point.y })) },
          mark: { type: 'circle', size: 16, opacity, color: seriesColours[0] ?? '' },
        },
      ],
    },
  });
}
