import { colour, seriesColours } from '../chart-theme';
import { type Drawing, draw } from '../draw';
import { formatNumber } from '../format-number';
import type { Markup } from '../markup';
import { shortened } from '../table';
import { type Better, frontOf, isWide, qualityWindow } from './trade-off-scales';

/** What a point is, and how it looks on grey paper too: each has a shape of its own, filled where it is on the front. */
const looks = {
  original: { shape: 'square', filled: true, colour: colour.ink },
  chosen: { shape: 'diamond', filled: true, colour: seriesColours[1] ?? '' },
  'keeps the contract': { shape: 'circle', filled: true, colour: seriesColours[0] ?? '' },
  'breaks the contract': { shape: 'cross', filled: false, colour: colour.quiet },
} as const;
export type PointLook = keyof typeof looks;

export interface TradeOffPoint {
  readonly label: string;
  readonly look: PointLook;
  /** What it costs: less is better. */
  readonly cost: number;
  /** Where the cost reaches to, now and then. */
  readonly costHigh?: number;
  /** Its name is to be there before others. */
  readonly isNotable?: boolean;
  /** How good it is. */
  readonly quality: { readonly value: number; readonly low: number; readonly high: number };
}

export interface Limit {
  readonly value: number;
  readonly label: string;
}

export interface TradeOffChart {
  readonly title: string;
  /** The format is d3's. */
  readonly cost: { readonly title: string; readonly format: '~s' | '~g'; readonly limit?: Limit };
  readonly quality: { readonly title: string; readonly better: Better; readonly limit?: Limit };
  readonly points: readonly TradeOffPoint[];
}

const size = { width: 470, height: 300 } as const;
/** Of more than these, only those on the front and those to look at have their intervals drawn. */
const mostWhiskers = 24;
/** So much of a side of the picture lies between two names at least. */
const apart = { cost: 0.06, quality: 0.05 } as const;

const isDrawn = ({ cost, quality }: TradeOffPoint): boolean =>
  Number.isFinite(cost) && Number.isFinite(quality.value);

type LayeredSpec = Extract<Drawing['spec'], { layer: readonly unknown[] }>;
type Layer = LayeredSpec['layer'][number];

interface Scales {
  readonly window: readonly [number, number];
  readonly costs: readonly [number, number];
  readonly logarithmic: boolean;
}

const within = (value: number, [least, most]: readonly [number, number]): number =>
  Math.min(most, Math.max(least, value));

function scalesOf({ points, cost, quality }: TradeOffChart): Scales {
  const costs = points.flatMap(({ cost: own, costHigh = own }) => [own, costHigh]);
  const all = cost.limit === undefined ? costs : [...costs, cost.limit.value];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const logarithmic = isWide(least, most);
  return {
    window: qualityWindow(
      points.map((point) => ({
        ...point.quality,
        isAnchor: point.isNotable === true,
      })),
      quality,
    ),
    costs: logarithmic ? [least / 1.3, most * 1.3] : [0, most * 1.08 || 1],
    logarithmic,
  };
}

/** How far along its axis a cost stands, from 0 to 1. */
function along(cost: number, { costs: [least, most], logarithmic }: Scales): number {
  const position = (value: number) => (logarithmic ? Math.log(value) : value);
  return (position(cost) - position(least)) / (position(most) - position(least));
}

/** Those whose names have room, the first ones before the others. */
function namedPoints(points: readonly TradeOffPoint[], scales: Scales): ReadonlySet<TradeOffPoint> {
  const [least, most] = scales.window;
  const placeOf = ({ cost, quality }: TradeOffPoint) => ({
    x: along(cost, scales),
    y: (within(quality.value, scales.window) - least) / (most - least),
  });
  const named = new Map<TradeOffPoint, { x: number; y: number }>();
  for (const point of points) {
    const { x, y } = placeOf(point);
    const isCrowded = [...named.values()].some(
      (other) => Math.abs(other.x - x) < apart.cost && Math.abs(other.y - y) < apart.quality,
    );
    if (!isCrowded) named.set(point, { x, y });
  }
  return new Set(named.keys());
}

/** Where points are drawn: what lies beyond the window stands at its edge. */
function placed(points: readonly TradeOffPoint[], { window }: Scales, names: ReadonlySet<TradeOffPoint>) {
  return points.map((point) => {
    const { value, low, high } = point.quality;
    const beyond = value < window[0] || value > window[1];
    const name = names.has(point) ? shortened(point.label, 40) : '';
    return {
      x: point.cost,
      xHigh: point.costHigh ?? point.cost,
      y: within(value, window),
      low: within(low, window),
      high: within(high, window),
      look: point.look,
      beyond,
      label: beyond && name !== '' ? `${name}: ${formatNumber(value)}` : name,
    };
  });
}

function axes({ cost, quality }: TradeOffChart, { window, costs, logarithmic }: Scales) {
  return {
    x: {
      field: 'x',
      type: 'quantitative' as const,
      title: cost.title,
      scale: { domain: [...costs], nice: false, ...(logarithmic ? { type: 'log' as const } : {}) },
      axis: {
        tickCount: 5,
        labelExpr: `format(datum.value, '${cost.format}')`,
        grid: false,
        labelOverlap: true,
      },
    },
    y: {
      field: 'y',
      type: 'quantitative' as const,
      title: quality.title,
      scale: { domain: [...window], nice: false, zero: false },
      axis: { tickCount: 6 },
    },
  };
}

const names = Object.keys(looks);
const rangeOf = (of: (look: (typeof looks)[PointLook]) => string): readonly string[] =>
  Object.values(looks).map(of);

/** Shape, edge and filling together, so that one legend tells them. */
const lookEncoding = (drawn: ReadonlySet<PointLook>) => {
  const by = (of: (look: (typeof looks)[PointLook]) => string) => ({
    field: 'look',
    type: 'nominal' as const,
    scale: { domain: names, range: rangeOf(of) },
    legend: { values: names.filter((name) => [...drawn].some((look) => look === name)), columns: 4 },
  });
  return {
    shape: by(({ shape }) => shape),
    stroke: by((look) => look.colour),
    fill: by((look) => (look.filled ? look.colour : colour.paper)),
  };
};

const limitRule = { type: 'rule', color: colour.ink, strokeDash: [6, 3], strokeWidth: 1.2 } as const;
const limitText = { type: 'text', fontSize: 10, color: colour.ink, baseline: 'bottom' } as const;

/** An upright line for what it may cost; its words stand at the head of it. */
function costLimit({ value, label }: Limit, { costs }: Scales): Layer[] {
  const data = { values: [{ x: value, label }] };
  const toTheLeft = value > (costs[0] + costs[1]) / 2;
  const side = toTheLeft ? ({ align: 'right', dx: -4 } as const) : ({ align: 'left', dx: 4 } as const);
  return [
    {
      data,
      mark: { ...limitRule, strokeDash: [6, 3] },
      encoding: { y: { value: 0 }, y2: { value: size.height } },
    },
    {
      data,
      mark: { ...limitText, ...side },
      encoding: { y: { value: 8 }, text: { field: 'label', type: 'nominal' } },
    },
  ];
}

/** A level line for how good it has to be; its words stand at the right end of it. */
function qualityLimit({ value, label }: Limit, { costs }: Scales): Layer[] {
  const data = { values: [{ x: costs[1], y: value, label }] };
  return [
    {
      data,
      mark: { ...limitRule, strokeDash: [6, 3] },
      encoding: { x: { value: 0 }, x2: { value: size.width } },
    },
    {
      data,
      mark: { ...limitText, align: 'right', dy: -3 },
      encoding: { text: { field: 'label', type: 'nominal' } },
    },
  ];
}

const limitLayers = ({ cost, quality }: TradeOffChart, scales: Scales): Layer[] => [
  ...(cost.limit ? costLimit(cost.limit, scales) : []),
  ...(quality.limit ? qualityLimit(quality.limit, scales) : []),
];

function frontLayer(front: readonly TradeOffPoint[], { window, costs }: Scales): Layer[] {
  const last = front.at(-1);
  if (last === undefined) return [];
  const ends = [...front, { ...last, cost: costs[1] }];
  return [
    {
      data: { values: ends.map(({ cost, quality }) => ({ x: cost, y: within(quality.value, window) })) },
      mark: { type: 'line', interpolate: 'step-after', color: colour.faint, strokeWidth: 2.5 },
    },
  ];
}

type PlacedPoint = ReturnType<typeof placed>[number];

function pointLayers(values: readonly PlacedPoint[], whiskered: readonly PlacedPoint[]): Layer[] {
  const whisker = { type: 'rule' as const, color: colour.quiet, strokeWidth: 1 };
  const inside = values.filter(({ beyond }) => !beyond);
  const sure = whiskered.filter(({ beyond }) => !beyond);
  const beyond = values.filter((value) => value.beyond);
  return [
    {
      data: { values: sure },
      mark: whisker,
      encoding: { y: { field: 'low', type: 'quantitative' as const }, y2: { field: 'high' } },
    },
    {
      data: { values: sure.filter(({ x, xHigh }) => xHigh > x) },
      mark: { ...whisker, strokeDash: [2, 2] },
      encoding: { x2: { field: 'xHigh' } },
    },
    {
      data: { values: inside },
      mark: { type: 'point', size: 70, strokeWidth: 1.6, opacity: 1 },
      encoding: lookEncoding(new Set(inside.map(({ look }) => look))),
    },
    {
      data: { values: beyond },
      mark: { type: 'point', shape: 'triangle-down', size: 60, stroke: colour.quiet, opacity: 1 },
    },
    {
      data: { values: values.filter(({ label }) => label !== '') },
      mark: { type: 'text', align: 'left', dx: 7, dy: -7, fontSize: 10 },
      encoding: { text: { field: 'label', type: 'nominal' as const } },
    },
  ];
}

function describe({ cost, quality, points }: TradeOffChart, front: readonly TradeOffPoint[]): string {
  const told = front
    .slice(0, 8)
    .map((point) => `${point.label} (${formatNumber(point.cost)}; ${formatNumber(point.quality.value)})`);
  return `${points.length} points of ${quality.title} against ${cost.title}; on the front: ${told.join(', ')}.`;
}

/** How good against how costly, with the front, the limits and how sure each number is; undefined where there is no point. */
export async function tradeOffChart(chart: TradeOffChart): Promise<Markup | undefined> {
  const points = chart.points.filter(isDrawn);
  if (points.length === 0) return undefined;
  const drawn = { ...chart, points };
  const front = frontOf(points, chart.quality.better);
  const scales = scalesOf(drawn);
  const first = new Set([...points.filter(({ isNotable }) => isNotable), ...front]);
  const inTurn = [...first, ...points.filter((point) => !first.has(point))];
  const names = namedPoints(inTurn, scales);
  const sure = points.length <= mostWhiskers ? points : [...first];
  const spec: Drawing['spec'] = {
    ...size,
    encoding: axes(drawn, scales),
    layer: [
      ...frontLayer(front, scales),
      ...limitLayers(drawn, scales),
      ...pointLayers(placed(points, scales, names), placed(sure, scales, names)),
    ],
  };
  return draw({ title: chart.title, description: describe(drawn, front), spec });
}
