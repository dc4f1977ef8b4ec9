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
  return section({
    title,
    text: 'Each row of the matrix is an actual class, each column a predicted one. The darker a cell, the larger its share of the rows of its actual class; right predictions lie on the diagonal.',
    svg: await heatChart({ title, classes, counts: matrix }),
    table: matrixTable({ part, classes, matrix }),
  });
}

function matrixTable({ classes, matrix }: Confusion): Table {
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

async function confusedPairsSection({ part, classes, matrix }: Confusion): Promise<Section> {
  const wrong = matrix.flatMap((counts, actual) =>
    counts.flatMap((count, predicted) =>
      count > 0 && actual !== predicted ? [{ actual, predicted, count, rows: sum(counts) }] : [],
    ),
  );
  const listed = wrong.sort((a, b) => b.count - a.count).slice(0, mostListedPairs);
  const nameOf = (index: number) => classes[index] ?? '';
  const title = `Most confused classes of the ${part} rows`;
  const bars = listed.map(({ actual, predicted, count }) => ({
    name: `${shortened(nameOf(actual), 16)} → ${shortened(nameOf(predicted), 16)}`,
    value: count,
  }));
  const svg = await barChart({ title, axis: 'rows', bars });
  return section({
    title,
    text: `The whole matrix of ${formatNumber(classes.length)} classes is in report.json. ${wrong.length === 0 ? 'No row was taken for another class.' : 'An arrow points from the actual class to the predicted one.'}`,
    ...(svg === undefined ? {} : { svg }),
    table: {
      caption: 'Pairs that are taken for one another most',
      columns: ['Actual', 'Predicted', 'Rows', 'Of its class'],
      rows: listed.map(({ actual, predicted, count, rows }) => [
        nameOf(actual),
        nameOf(predicted),
        { number: formatNumber(count) },
        { number: formatShare(count / rows) },
      ]),
      note: `${listed.length} of ${formatNumber(wrong.length)} pairs.`,
    },
  });
}
