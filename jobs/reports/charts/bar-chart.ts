import { seriesColours } from '../chart-theme';
import { draw } from '../draw';
import { formatNumber } from '../format-number';
import { labelsOf } from '../labels';
import type { Markup } from '../markup';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Written at the end of the bar; the number itself where absent. */
  readonly label?: string;
}

export interface BarChart {
  readonly title: string;
  /** Of the numbers. */
  readonly axis: string;
  readonly bars: readonly Bar[];
  readonly domain?: readonly [number, number];
}

const rowHeight = 20;
const width = 400;
const longestName = 36;

/** Bars under one another, in the order given, each with its name and number. */
export async function barChart({ title, axis, bars, domain }: BarChart): Promise<Markup | undefined> {
  if (bars.length === 0) return undefined;
  const names = labelsOf(
    bars.map(({ name }) => name),
    longestName,
  );
  const values = bars.map(({ value, label }, index) => ({
    name: names[index] ?? '',
    value: Number.isFinite(value) ? value : 0,
    label: label ?? formatNumber(value),
  }));
  const x = {
    field: 'value',
    type: 'quantitative' as const,
    title: axis,
    axis: { tickCount: 5 },
    scale: domain === undefined ? {} : { domain: [...domain] },
  };
  const y = {
    field: 'name',
    type: 'nominal' as const,
    title: null,
    sort: null,
    axis: { ticks: false, labelLimit: 240, labelOverlap: false },
  };
  const told = bars.slice(0, 5).map(({ name, value }) => `${name} ${formatNumber(value)}`);
  return draw({
    title,
    description: `Bar chart of ${axis} of ${bars.length} bars, from the top: ${told.join('; ')}.`,
    spec: {
      width,
      height: rowHeight * bars.length,
      data: { values },
      encoding: { x, y },
      layer: [
        { mark: { type: 'bar', color: seriesColours[0] ?? '', height: { band: 0.7 } } },
        {
          mark: { type: 'text', align: 'left', dx: 4, fontSize: 10 },
          encoding: { text: { field: 'label', type: 'nominal' } },
        },
      ],
    },
  });
}
