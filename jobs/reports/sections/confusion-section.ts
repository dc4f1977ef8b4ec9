import { barChart } from '../charts/bar-chart';
import { heatChart } from '../charts/heat-chart';
import { formatNumber, formatShare } from '../format-number';
import { type Section, section } from '../page';
import { type Cell, shortened, type Table } from '../table';

type Matrix = readonly (readonly number[])[];

export interface Confusion {
  /** The rows that it is of: 'test'. */
  readonly part: string;
  readonly classes: readonly string[];
  readonly matrix: Matrix;
}

/** A matrix of more classes is a grey square, and a table that no page holds. */
const mostDrawnClasses = 30;
/** Counts of more classes fit neither the cells of the chart nor a table on paper. */
const mostWrittenClasses = 14;
const mostListedPairs = 25;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Which classes are taken for which: the matrix, or of many classes the pairs that are taken for one another most. */
export async function confusionSection(confusion: Confusion): Promise<Section> {
  return confusion.classes.length > mostDrawnClasses
    ? confusedPairsSection(confusion)
    : matrixSection(confusion);
}

async function matrixSection({ part, classes, matrix }: Confusion): Promise<Section> {
  const title = `Confusion matrix of the ${part} rows`;
  const table =
    classes.length > mostWrittenClasses
      ? pairsTable(classes, confusedPairs(matrix))
      : matrixTable(classes, matrix);
  return section({
    title,
    text: 'Each row of the matrix is an actual class, each column a predicted one. The fuller the colour of a cell, the larger its share of the rows of its actual class; right predictions lie on the diagonal.',
    svg: await heatChart({ title, classes, counts: matrix }),
    table,
  });
}

function matrixTable(classes: readonly string[], matrix: Matrix): Table {
  const row = (counts: readonly number[], index: number): Cell[] => [
    classes[index] ?? '',
    ...counts.map((count) => ({ number: formatNumber(count) })),
  ];
  return {
    caption: 'Counts; rows are actual classes, columns predicted ones',
    columns: ['', ...classes.map((name) => shortened(name, 24))],
    rows: matrix.map(row),
  };
}

interface Pair {
  readonly actual: number;
  readonly predicted: number;
  readonly count: number;
  /** Of the rows of the actual class. */
  readonly share: number;
}

/** The pairs of different classes that occur, the most frequent first. */
function confusedPairs(matrix: Matrix): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [actual, counts] of matrix.entries()) {
    const rows = sum(counts);
    for (const [predicted, count] of counts.entries())
      if (count > 0 && actual !== predicted) pairs.push({ actual, predicted, count, share: count / rows });
  }
  return pairs.sort((a, b) => b.count - a.count);
}

const pairsTable = (classes: readonly string[], pairs: readonly Pair[]): Table => ({
  caption: 'Classes that are taken for one another most',
  columns: ['Actual', 'Predicted', 'Rows', 'Of its class'],
  rows: pairs
    .slice(0, mostListedPairs)
    .map(({ actual, predicted, count, share }) => [
      classes[actual] ?? '',
      classes[predicted] ?? '',
      { number: formatNumber(count) },
      { number: formatShare(share) },
    ]),
  note: `${Math.min(pairs.length, mostListedPairs)} of ${formatNumber(pairs.length)} pairs; the whole matrix is in report.json.`,
});

async function confusedPairsSection({ part, classes, matrix }: Confusion): Promise<Section> {
  const pairs = confusedPairs(matrix);
  const nameOf = (index: number) => shortened(classes[index] ?? '', 16);
  const title = `Most confused classes of the ${part} rows`;
  const bars = pairs.slice(0, mostListedPairs).map(({ actual, predicted, count }) => ({
    name: `${nameOf(actual)} → ${nameOf(predicted)}`,
    value: count,
  }));
  const svg = await barChart({ title, axis: 'rows', bars });
  return section({
    title,
    text:
      pairs.length === 0
        ? `None of the rows of the ${formatNumber(classes.length)} classes was taken for another class.`
        : `Of ${formatNumber(classes.length)} classes, the pairs that are taken for one another most; an arrow points from the actual class to the predicted one.`,
    ...(svg === undefined ? {} : { svg }),
    table: pairsTable(classes, pairs),
  });
}
