import { colour } from '../chart-theme';
import { draw } from '../draw';
import { formatNumber, formatShare } from '../format-number';
import { labelsOf } from '../labels';
import type { Markup } from '../markup';

/** Counts of rows by actual and predicted class. */
export interface HeatChart {
  readonly title: string;
  readonly classes: readonly string[];
  /** Rows are actual classes, columns predicted ones. */
  readonly counts: readonly (readonly number[])[];
}

const widest = 430;
const largestCell = 56;
/** Of more classes the cells are too small for their counts. */
const mostWrittenClasses = 14;
const longestLabel = 18;
/** Of digits, in pixels; names that are wider than their cell stand upright. */
const characterWidth = 7;

function cellsOf({ counts }: HeatChart, labels: readonly string[]) {
  return counts.flatMap((line, row) => {
    const rows = line.reduce((sum, count) => sum + count, 0);
    return line.map((count, column) => ({
      actual: labels[row] ?? '',
      predicted: labels[column] ?? '',
      written: count === 0 ? '' : formatNumber(count),
      share: rows === 0 ? 0 : count / rows,
    }));
  });
}

function encodingOf(field: 'actual' | 'predicted', labels: readonly string[], cell: number) {
  const upright = labels.some((label) => label.length * characterWidth > cell);
  return {
    field,
    type: 'ordinal' as const,
    title: `${field} class`,
    sort: null,
    scale: { domain: [...labels], paddingInner: 0.04, paddingOuter: 0 },
    axis: {
      domain: false,
      ticks: false,
      labelOverlap: false,
      ...(field === 'predicted' ? { orient: 'top' as const, labelAngle: upright ? -90 : 0 } : {}),
    },
  };
}

function describe({ classes, counts }: HeatChart): string {
  const rows = counts.flat().reduce((sum, count) => sum + count, 0);
  const right = counts.reduce((sum, line, index) => sum + (line[index] ?? 0), 0);
  return `Confusion matrix of ${classes.length} classes: ${right} of ${rows} rows (${formatShare(right / rows)}) lie on the diagonal, where actual and predicted class are one.`;
}

/** A confusion matrix: the darker a cell, the larger its share of the rows of its actual class. */
export async function heatChart(chart: HeatChart): Promise<Markup> {
  const labels = labelsOf(chart.classes, longestLabel);
  const cell = Math.min(largestCell, widest / labels.length);
  const side = Math.round(cell * labels.length);
  const layer = [
    {
      mark: { type: 'rect' as const, fill: colour.heat, stroke: colour.line, strokeWidth: 0.5 },
      encoding: {
        fillOpacity: {
          field: 'share',
          type: 'quantitative' as const,
          scale: { domain: [0, 1], range: [0, 1] },
          legend: null,
        },
      },
    },
    ...(labels.length > mostWrittenClasses ? [] : [countMark(cell)]),
  ];
  const spec = {
    width: side,
    height: side,
    data: { values: cellsOf(chart, labels) },
    encoding: {
      x: encodingOf('predicted', labels, cell),
      y: encodingOf('actual', labels, Number.POSITIVE_INFINITY),
    },
    layer,
  };
  return draw({ title: chart.title, description: describe(chart), spec });
}

const countMark = (cell: number) => ({
  mark: { type: 'text' as const, fontSize: Math.min(13, cell / 3) },
  encoding: {
    text: { field: 'written', type: 'nominal' as const },
    color: { condition: { test: 'datum.share > 0.5', value: colour.onHeat }, value: colour.ink },
  },
});
