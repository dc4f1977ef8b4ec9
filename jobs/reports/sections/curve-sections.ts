import { type LineChart, lineChart, type Point } from '../charts/line-chart';
import { formatNumber } from '../format-number';
import { labelsOf } from '../labels';
import { type Section, section } from '../page';
import type {
  CalibrationBin,
  ClassValue,
  MeasuredRows,
  PrecisionRecallCurve,
  RocCurve,
} from '../report-data';
import type { Table } from '../table';

/** More lines than this are no longer told apart. */
const mostCurves = 8;
const mostListedCurves = 40;

const unit = [0, 1] as const;

interface Ranked {
  readonly class: ClassValue;
  readonly points: readonly Point[];
  readonly area: number | undefined;
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

/** The ROC of each class against the rest. */
export const rocSection = (part: string, curves: readonly RocCurve[]) =>
  curvesSection(
    part,
    roc,
    curves.map(({ class: of, points, area }) => ({
      class: of,
      area,
      points: points.map((point) => ({ x: point.false_positive_rate, y: point.true_positive_rate })),
    })),
  );

/** Precision against recall of each class against the rest. */
export const precisionRecallSection = (part: string, curves: readonly PrecisionRecallCurve[]) =>
  curvesSection(
    part,
    precisionRecall,
    curves.map(({ class: of, points, average_precision }) => ({
      class: of,
      area: average_precision,
      points: points.map((point) => ({ x: point.recall, y: point.precision })),
    })),
  );

/** Of many classes, those that are ranked worst: what goes wrong is what somebody looks for. */
const worstFirst = (curves: readonly Ranked[]): readonly Ranked[] =>
  curves.length <= mostCurves ? curves : [...curves].sort((a, b) => (a.area ?? 1) - (b.area ?? 1));

async function curvesSection(
  part: string,
  kind: CurveKind,
  curves: readonly Ranked[],
): Promise<Section | undefined> {
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
  const more = ranked.length > mostCurves ? ` Drawn are the ${mostCurves} classes of the smallest area.` : '';
  return section({ title, text: `${kind.text}${more}`, svg, table: areasTable(kind, ranked) });
}

function areasTable(kind: CurveKind, ranked: readonly Ranked[]): Table {
  const listed = ranked.slice(0, mostListedCurves);
  const left = ranked.length - listed.length;
  return {
    caption: `${kind.area} by class`,
    columns: ['Class', kind.area],
    rows: listed.map((curve) => [String(curve.class), { number: formatNumber(curve.area ?? Number.NaN) }]),
    ...(left > 0 ? { note: `${listed.length} of ${ranked.length} classes; all are in report.json.` } : {}),
  };
}

/** Whether a predicted probability means what it says. */
export async function reliabilitySection(
  part: string,
  bins: readonly CalibrationBin[],
): Promise<Section | undefined> {
  const filled = bins.filter(({ rows }) => rows > 0);
  const title = `Reliability of the ${part} rows`;
  const svg = await lineChart({
    title,
    x: { title: 'predicted probability', domain: unit },
    y: { title: 'share that was right', domain: unit },
    lines: [
      { name: 'model', points: filled.map(({ confidence, accuracy }) => ({ x: confidence, y: accuracy })) },
    ],
    ...(roc.reference ? { reference: roc.reference } : {}),
  });
  if (svg === undefined) return undefined;
  return section({
    title,
    text: 'Rows by the probability that the model gave to its answer. On the dashed diagonal it is right as often as it says; below, it is too sure of itself.',
    svg,
    table: {
      caption: 'Bins of the predicted probability',
      columns: ['Mean probability', 'Share right', 'Rows'],
      rows: filled.map(({ confidence, accuracy, rows }) =>
        [confidence, accuracy, rows].map((value) => ({ number: formatNumber(value) })),
      ),
    },
  });
}

/** All curves that a part of the rows has. */
export async function curveSections(part: string, measured: MeasuredRows): Promise<readonly Section[]> {
  const sections = await Promise.all([
    rocSection(part, measured.roc_curves ?? []),
    precisionRecallSection(part, measured.precision_recall_curves ?? []),
    reliabilitySection(part, measured.calibration_bins ?? []),
  ]);
  return sections.filter((one) => one !== undefined);
}
