import type { Section } from '../page';
import type { MeasuredParts, MeasuredRows } from '../report-data';
import { classSection } from './class-section';
import { confusionSection } from './confusion-section';
import { curveSections } from './curve-sections';
import { regressionSections } from './regression-sections';

export interface Measured {
  readonly parts: MeasuredParts;
  readonly target: string;
  /** In the order of the matrices; none of a regression. */
  readonly classes: readonly string[];
}

/** Charts are of what the model never saw, where there is such a thing. */
const mostTelling = ['test', 'validation', 'train'] as const;

function chartedPart(parts: MeasuredParts): readonly [string, MeasuredRows] | undefined {
  const name = mostTelling.find((part) => parts[part] !== undefined);
  const measured = name === undefined ? undefined : parts[name];
  return name === undefined || measured === undefined ? Object.entries(parts).at(-1) : [name, measured];
}

/** Charts of how well the model does on the rows that say most of it. */
export async function measuredSections({ parts, target, classes }: Measured): Promise<readonly Section[]> {
  const [part, measured] = chartedPart(parts) ?? [];
  if (part === undefined || measured === undefined) return [];
  const { confusion_matrix: matrix, per_class: rows, averages, predictions: pairs } = measured;
  const sections = await Promise.all([
    matrix?.length ? [await confusionSection({ part, classes, matrix })] : [],
    rows ? [await classSection({ part, classes, rows, averages })] : [],
    curveSections(part, measured),
    pairs ? regressionSections({ part, target, pairs, quantiles: measured.error_quantiles }) : [],
  ]);
  return sections.flat();
}
