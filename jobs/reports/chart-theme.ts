import type { TopLevelSpec } from 'vega-lite';

/** Colours are the page's, so that a chart turns dark with it. */
export const colour = {
  ink: 'var(--ink)',
  quiet: 'var(--quiet)',
  grid: 'var(--grid)',
  line: 'var(--line)',
  paper: 'var(--paper)',
  heat: 'var(--heat)',
  onHeat: 'var(--on-heat)',
  faint: 'var(--faint)',
} as const;

export const seriesColours: readonly string[] = Array.from(
  { length: 8 },
  (_, index) => `var(--series-${index + 1})`,
);

/** Lines stay apart on grey paper and for readers who do not tell the colours. */
export const seriesDashes: readonly (readonly number[])[] = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
  [12, 3],
  [4, 2, 1, 2],
  [10, 2, 2, 2, 2, 2],
  [1, 3],
];

/** How every chart looks: a thin grid, quiet axes, no frame. */
export const chartTheme: NonNullable<TopLevelSpec['config']> = {
  aria: false,
  background: 'transparent',
  // the page's
  font: 'inherit',
  padding: 6,
  view: { stroke: 'transparent' },
  axis: {
    gridColor: colour.grid,
    domainColor: colour.line,
    tickColor: colour.line,
    labelColor: colour.quiet,
    titleColor: colour.ink,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 12,
    titlePadding: 8,
    labelLimit: 150,
  },
  legend: {
    labelColor: colour.ink,
    labelFontSize: 11,
    labelLimit: 170,
    title: null,
    orient: 'bottom',
    columns: 3,
    symbolSize: 200,
    symbolStrokeWidth: 2,
  },
  text: { color: colour.ink, fontSize: 11 },
};
