import { barChart } from '../charts/bar-chart';
import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import type { ClassRow, MeasuredRows } from '../report-data';
import type { Cell } from '../table';

export interface ClassResults {
  readonly part: string;
  readonly classes: readonly string[];
  readonly rows: readonly ClassRow[];
  readonly averages?: MeasuredRows['averages'];
}

const mostListedClasses = 40;

/** How well each class is told from the others, the worst first where not all of them are listed. */
export async function classSection({ part, classes, rows, averages = {} }: ClassResults): Promise<Section> {
  const named = rows.map((row, index) => ({ name: classes[index] ?? '', ...row }));
  const all = named.length <= mostListedClasses;
  const listed = all
    ? named
    : named
        .filter(({ support }) => support > 0)
        .sort((a, b) => a.f1 - b.f1)
        .slice(0, mostListedClasses);
  const title = `Classes of the ${part} rows`;
  const bars = listed.map(({ name, f1 }) => ({ name, value: f1 }));
  const svg = await barChart({ title: `F1 by class, ${part} rows`, axis: 'F1', bars, domain: [0, 1] });
  return section({
    title,
    text: 'Precision is the share of the rows predicted to be of a class that are of it; recall the share of its rows that were found; F1 their harmonic mean; support the number of its rows.',
    ...(svg === undefined ? {} : { svg }),
    table: {
      caption: all ? 'Scores of each class' : 'Scores of the classes of the lowest F1',
      columns: ['Class', 'Precision', 'Recall', 'F1', 'Support'],
      rows: [
        ...listed.map(({ name, ...scores }) => rowOf(name, scores)),
        ...Object.entries(averages).map(([name, scores]) => rowOf(`${name} average`, scores)),
      ],
      ...(all
        ? {}
        : { note: `${listed.length} of ${formatNumber(named.length)} classes; all are in report.json.` }),
    },
  });
}

const rowOf = (name: string, { precision, recall, f1, support }: Partial<ClassRow>): Cell[] => [
  name,
  ...[precision, recall, f1, support].map((value = Number.NaN) => ({ number: formatNumber(value) })),
];
