import { colour, seriesColours, seriesDashes } from '../chart-theme';
import { type Drawing, draw } from '../draw';
import { formatNumber } from '../format-number';
import type { Markup } from '../markup';
import { shortened } from '../table';
import { thin } from '../thin';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
  /** `faint`: one of many that only together say something, thin, grey and without a name. `dots`: points that no line joins. */
  readonly look?: 'faint' | 'dots';
}

export interface Axis {
  readonly title: string;
  /** Where it begins and ends, whatever the points. */
  readonly domain?: readonly [number, number];
  /** `auto` (as long as no number is 0 or less) where the numbers span more than two powers of ten. */
  readonly scale?: 'linear' | 'auto';
  /** Room in pixels before the first and behind the last point. */
  readonly padding?: number;
  /** No number between two whole ones is written at it. */
  readonly whole?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** A moment to look at: an upright line with a word. */
  readonly moment?: { readonly x: number; readonly label: string };
  /** What chance, or perfection, would draw: a straight line from the first point to the second. */
  readonly reference?: readonly [Point, Point];
}

const size = { width: 470, height: 260 } as const;
/** Of a line, and of all lines together: what a chart of this size can show, and a page can carry. */
const mostPoints = { line: 600, chart: 12_000 } as const;
/** Lines of no more points show each of them, where there are no more in all. */
const fewPoints = { line: 25, chart: 200 } as const;

/** So that no dot lies on the axis. */
const dotPadding = 10;

const isDrawn = ({ x, y }: Point): boolean => Number.isFinite(x) && Number.isFinite(y);

/** The lines that have something to show, none with more points than can be told apart. */
function drawnLines(lines: readonly Line[]): readonly Line[] {
  const most = Math.max(4, Math.min(mostPoints.line, Math.floor(mostPoints.chart / lines.length)));
  return lines
    .map((line) => ({
      ...line,
      name: shortened(line.name, 40),
      points: thin(line.points.filter(isDrawn), most, ({ y }) => y),
    }))
    .filter(({ points }) => points.length > 0);
}

const spanForPowers = 100;

function isLogarithmic({ scale }: Axis, values: readonly number[]): boolean {
  const least = values.reduce((so, value) => Math.min(so, value), Number.POSITIVE_INFINITY);
  const most = values.reduce((so, value) => Math.max(so, value), 0);
  return scale === 'auto' && least > 0 && most / least > spanForPowers;
}

function encodingOf(field: 'x' | 'y', axis: Axis, values: readonly number[]) {
  const { title, domain, whole, padding = 0 } = axis;
  const logarithmic = isLogarithmic(axis, values);
  return {
    field,
    type: 'quantitative' as const,
    title,
    scale: {
      ...(logarithmic ? { type: 'log' as const } : { zero: false }),
      padding,
      nice: domain === undefined && field === 'y' && !logarithmic,
      ...(domain === undefined ? {} : { domain: [...domain] }),
    },
    axis: {
      grid: field === 'y',
      tickCount: 6,
      ...(whole ? { tickMinStep: 1, format: ',d' } : {}),
      ...(logarithmic ? { format: '~g' } : {}),
    },
  };
}

interface Look {
  readonly named: readonly Line[];
  readonly everyPoint: boolean;
}

/** Named lines by colour and dash, and a legend where there is more than one. */
function namedMark({ named, everyPoint }: Look) {
  const names = named.map(({ name }) => name);
  const scaleOf = <T>(range: readonly T[]) => ({
    domain: names,
    range: names.map((_, index) => range[index % range.length]),
  });
  const legend = names.length > 1 ? {} : { legend: null };
  const by = { field: 'line', type: 'nominal' as const, ...legend };
  return {
    data: { values: valuesOf(named) },
    mark: { type: 'line' as const, strokeWidth: 1.8, point: everyPoint ? { size: 22 } : false },
    encoding: {
      color: { ...by, scale: scaleOf(seriesColours) },
      strokeDash: { ...by, scale: scaleOf(seriesDashes) },
    },
  };
}

const faintMark = (faint: readonly Line[], everyPoint: boolean) => ({
  data: { values: valuesOf(faint) },
  mark: {
    type: 'line' as const,
    strokeWidth: 0.9,
    color: colour.faint,
    opacity: 0.8,
    point: everyPoint ? { size: 12, color: colour.faint } : false,
  },
  encoding: { detail: { field: 'index', type: 'nominal' as const } },
});

const dotMark = (dots: readonly Line[]) => ({
  data: { values: valuesOf(dots) },
  mark: { type: 'circle' as const, size: 30, opacity: 0.7, color: seriesColours[0] ?? '' },
});

const valuesOf = (lines: readonly Line[]) =>
  lines.flatMap(({ name, points }, index) => points.map(({ x, y }) => ({ x, y, line: name, index })));

const referenceMark = (points: readonly Point[]) => ({
  data: { values: points.map(({ x, y }) => ({ x, y })) },
  mark: { type: 'line' as const, strokeWidth: 1, strokeDash: [3, 3], color: colour.quiet },
});

/** The word stands inside the plot: left of its line where that is in the right half. */
function momentMarks({ x, label }: NonNullable<LineChart['moment']>, xs: readonly number[]) {
  const middle = (Math.min(...xs) + Math.max(...xs)) / 2;
  const data = { values: [{ x, label }] };
  const toTheLeft = x > middle;
  return [
    {
      data,
      mark: { type: 'rule' as const, color: colour.quiet, strokeDash: [2, 2] },
    },
    {
      data,
      mark: {
        type: 'text' as const,
        align: toTheLeft ? ('right' as const) : ('left' as const),
        dx: toTheLeft ? -5 : 5,
        baseline: 'top' as const,
        color: colour.quiet,
      },
      encoding: { y: { value: 2 }, text: { field: 'label', type: 'nominal' as const } },
    },
  ];
}

function describe({ x, y, lines }: LineChart): string {
  const told = lines.slice(0, 8).map(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return `${name} from ${formatNumber(first?.y ?? Number.NaN)} to ${formatNumber(last?.y ?? Number.NaN)}`;
  });
  const more = lines.length > told.length ? ` and ${lines.length - told.length} more` : '';
  return `Line chart of ${y.title} against ${x.title}: ${told.join('; ')}${more}.`;
}

/** Lines over one axis; undefined where no line has a point. */
export async function lineChart(chart: LineChart): Promise<Markup | undefined> {
  const lines = drawnLines(chart.lines);
  if (lines.length === 0) return undefined;
  const { x, y, moment, reference } = chart;
  const points = lines.flatMap((line) => line.points);
  const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)];
  const everyPoint =
    points.length <= fewPoints.chart && lines.every((line) => line.points.length <= fewPoints.line);
  const looking = (look: Line['look']) => lines.filter((line) => line.look === look);
  const [faint, dots, named] = [looking('faint'), looking('dots'), looking(undefined)];
  const onlyDots = dots.length === lines.length;
  const shared = {
    x: encodingOf('x', onlyDots ? { ...x, padding: dotPadding } : x, xs),
    y: encodingOf('y', y, ys),
  };
  const layer = [
    ...(reference ? [referenceMark(reference)] : []),
    ...(faint.length > 0 ? [faintMark(faint, everyPoint)] : []),
    ...(dots.length > 0 ? [dotMark(dots)] : []),
    ...(named.length > 0 ? [namedMark({ named, everyPoint })] : []),
  ].map((mark) => ({ ...mark, encoding: { ...shared, ...('encoding' in mark ? mark.encoding : {}) } }));
  const over = moment ? momentMarks(moment, xs) : [];
  const spec: Drawing['spec'] = {
    ...size,
    layer: [
      ...layer,
      ...over.map((mark) => ({
        ...mark,
        encoding: { x: shared.x, ...('encoding' in mark ? mark.encoding : {}) },
      })),
    ],
  };
  return draw({ title: chart.title, description: describe({ ...chart, lines }), spec });
}
