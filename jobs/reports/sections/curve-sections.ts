import { type LineChart, lineChart, type Point } from '../charts/line-chart';
import { formatNumber } from '../format-number';
import { labelsOf } from '../labels';
import { type Section, section } from '../page';
import type { ClassValue, DrawnClassification, ReliabilityBin } from '../report-data';
import type { Table } from '../table';

/** More lines than this are no longer told apart. */
const mostCurves = 8;
const mostListedCurves = 40;

const unit = [0, 1] as const;

interface Ranked {
  readonly class: ClassValue;
  readonly points: readonly Point[];
  readonly area: number;
}

interface CurveKind {
  readonly title: string;
  readonly text: string;
  readonly x: string;
  readonly y: string;
  readonly area: string;
  readonly reference?: readonly [Point, Point];
}

const roc: CurveKind = {
  title: 'ROC curves',
  text: 'Each class against the rest: the share of its rows that are found, for every share of the other rows that one accepts to be taken for it. The dashed diagonal is chance.',
  x: 'false positive rate',
  y: 'true positive rate',
  area: 'Area (ROC AUC)',
  reference: [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ],
};

const precisionRecall: CurveKind = {
  title: 'Precision and recall',
  text: 'Each class against the rest: how many of the rows that are taken for it are of it, for every share of its rows that one wants to find. It says more than the ROC where a class is rare.',
  x: 'recall',
  y: 'precision',
  area: 'Average precision',
};

/** Of many classes, those that are ranked worst: what goes wrong is what somebody looks for. */
const worstFirst = (curves: readonly Ranked[]): readonly Ranked[] =>
  curves.length <= mostCurves ? curves : [...curves].sort((a, b) => a.area - b.area);

interface Family {
  readonly part: string;
  readonly kind: CurveKind;
  readonly curves: readonly Ranked[];
  /** Classes that have no curve at all. */
  readonly leftOut: number;
}

async function curvesSection({ part, kind, curves, leftOut }: Family): Promise<Section | undefined> {
  const ranked = worstFirst(curves.filter(({ points }) => points.length > 0));
  const title = `${kind.title} of the ${part} rows`;
  const names = labelsOf(
    ranked.map((curve) => String(curve.class)),
    40,
  );
  const chart: LineChart = {
    title,
    x: { title: kind.x, domain: unit },
    y: { title: kind.y, domain: unit },
    lines: ranked
      .slice(0, mostCurves)
      .map(({ points }, index) => ({ name: `class ${names[index] ?? ''}`, points })),
    ...(kind.reference ? { reference: kind.reference } : {}),
  };
  const svg = await lineChart(chart);
  if (svg === undefined) return undefined;
  const chosen =
    ranked.length > mostCurves ? ` Drawn are the ${mostCurves} classes of the smallest area.` : '';
  const missing = leftOut > 0 ? ` ${formatNumber(leftOut)} classes have no curve.` : '';
  return section({ title, text: `${kind.text}${chosen}${missing}`, svg, table: areasTable(kind, ranked) });
}

function areasTable(kind: CurveKind, ranked: readonly Ranked[]): Table {
  const listed = ranked.slice(0, mostListedCurves);
  const left = ranked.length - listed.length;
  return {
    caption: `${kind.area} by class`,
    columns: ['Class', kind.area],
    rows: listed.map((curve) => [String(curve.class), { number: formatNumber(curve.area) }]),
    ...(left > 0 ? { note: `${listed.length} of ${ranked.length} classes; all are in report.json.` } : {}),
  };
}

async function reliabilitySection(
  part: string,
  bins: readonly ReliabilityBin[],
): Promise<Section | undefined> {
  const title = `Reliability of the ${part} rows`;
  const points = bins.map(({ confidence, accuracy }) => ({ x: confidence, y: accuracy }));
  const svg = await lineChart({
    title,
    x: { title: 'claimed probability', domain: unit },
    y: { title: 'part for which it was true', domain: unit },
    lines: [{ name: 'model', points }],
    ...(roc.reference ? { reference: roc.reference } : {}),
  });
  if (svg === undefined) return undefined;
  return section({
    title,
    text: 'Rows by the probability that the model gave to the class that it predicted (of two classes: to the second), against how often that was true. On the dashed diagonal the claim holds; below it the model claims too much.',
    svg,
    table: {
      caption: 'Bins of the claimed probability',
      columns: ['Mean claimed', 'Part true', 'Rows'],
      rows: bins.map(({ confidence, accuracy, rows }) =>
        [confidence, accuracy, rows].map((value) => ({ number: formatNumber(value) })),
      ),
    },
  });
}

/** How well rows of each class are ranked before the others, and whether a probability means what it says. */
export async function curveSections(part: string, drawn: DrawnClassification): Promise<readonly Section[]> {
  const { curves_left_out: leftOut = 0, calibration_bins: bins = [] } = drawn;
  const rocs = (drawn.roc_curves ?? []).map(({ class: of, area, points }) => ({
    class: of,
    area,
    points: points.map((point) => ({ x: point.false_positive_rate, y: point.true_positive_rate })),
  }));
  const precisions = (drawn.precision_recall_curves ?? []).map((curve) => ({
    class: curve.class,
    area: curve.average_precision,
    points: curve.points.map(({ recall, precision }) => ({ x: recall, y: precision })),
  }));
  const sections = await Promise.all([
    curvesSection({ part, leftOut, kind: roc, curves: rocs }),
    curvesSection({ part, leftOut, kind: precisionRecall, curves: precisions }),
    reliabilitySection(part, bins),
  ]);
  return sections.filter((one) => one !== undefined);
}
