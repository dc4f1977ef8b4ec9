import type { LayerReport } from '../../compression/compression-report';
import { barChart } from '../charts/bar-chart';
import { formatNumber, formatShare } from '../format-number';
import { type Section, section } from '../page';
import type { Table } from '../table';

const mostBars = 25;
const mostListed = 300;

const errorOf = ({ relative_error = Number.NaN }: LayerReport): number => relative_error;

/** Those that were measured, the worst first. */
const worstFirst = (layers: readonly LayerReport[]): readonly LayerReport[] =>
  layers.filter((layer) => Number.isFinite(errorOf(layer))).sort((a, b) => errorOf(b) - errorOf(a));

const kindOf = ({ operator, shape }: LayerReport): string => `${operator} ${shape.join(' × ')}`;

const noteOf = (count: number): Pick<Table, 'note'> =>
  count > mostListed ? { note: `${formatNumber(count - mostListed)} more are in report.json.` } : {};

/** How far each layer of the chosen one is from what it was, the worst first. */
export async function changedLayersSection(layers: readonly LayerReport[]): Promise<Section | undefined> {
  const changed = layers.filter(({ kept }) => kept === undefined);
  const measured = worstFirst(changed);
  const listed = [...measured, ...changed.filter((layer) => !Number.isFinite(errorOf(layer)))];
  if (listed.length === 0) return undefined;
  const title = 'Error of each layer';
  const svg = await barChart({
    title,
    axis: 'relative error of the results',
    bars: measured
      .slice(0, mostBars)
      .map((layer) => ({ name: layer.layer, value: errorOf(layer), label: formatShare(errorOf(layer)) })),
  });
  return section({
    title,
    text: `Of the chosen one: the norm of the difference of a layer's results over the norm of what they were, over the rows that it was calibrated on, the worst first. A layer far ahead of the others is the one to keep in floats.${
      measured.length > mostBars
        ? ` The picture has the first ${mostBars} of ${formatNumber(measured.length)}.`
        : ''
    }`,
    ...(svg ? { svg } : {}),
    table: {
      caption: 'Layers that were compressed',
      columns: ['Layer', 'Kind', 'Bytes', 'Error'],
      rows: listed
        .slice(0, mostListed)
        .map((layer) => [
          layer.layer,
          kindOf(layer),
          { number: `${formatNumber(layer.bytes_after)} of ${formatNumber(layer.bytes_before)}` },
          { number: formatShare(errorOf(layer)) },
        ]),
      ...noteOf(listed.length),
    },
  });
}

/** Layers that stayed as they were, and why. */
export function keptLayersSection(layers: readonly LayerReport[]): Section | undefined {
  const kept = layers.filter((layer) => layer.kept !== undefined);
  if (kept.length === 0) return undefined;
  return section({
    title: 'Layers that stayed as they were',
    table: {
      caption: 'Kept layers of the chosen one',
      columns: ['Layer', 'Kind', 'Bytes', 'Why'],
      rows: kept
        .slice(0, mostListed)
        .map((layer) => [
          layer.layer,
          kindOf(layer),
          { number: formatNumber(layer.bytes_before) },
          { prose: layer.kept ?? '' },
        ]),
      ...noteOf(kept.length),
    },
  });
}
