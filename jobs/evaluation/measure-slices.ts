import { metricsOf } from './evaluate-model';
import type { ClassificationOptions } from './metrics/classification-metrics';
import { type Predictions, rowsAt, type SliceIndexes } from './predictions';
import type { SlicePlan } from './slices';

/** The rows whose column has one value, or lies in one range, and how well the model does on them. */
export interface MeasuredSlice {
  column: string;
  value: string;
  above?: number;
  up_to?: number;
  rows: number;
  /** Single numbers by name. */
  metrics: Record<string, number>;
}

const counts: ReadonlySet<string> = new Set(['rows', 'top_k', 'curves_left_out']);

/** Single numbers of a list of metrics, by name, without those that are settings or counts. */
export function singleNumbers(metrics: object): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics))
    if (typeof value === 'number' && !counts.has(name)) numbers[name] = value;
  return numbers;
}

/** The same metrics on each slice that has rows: whom the model serves worse. */
export function measureSlices(
  predictions: Predictions,
  plans: readonly SlicePlan[],
  options: ClassificationOptions,
): MeasuredSlice[] {
  return plans.flatMap(({ slicer, names }, at) => {
    const places = placesBySlice(predictions.slices[at] ?? new Int32Array(), names.length);
    return names.flatMap((name, index) => {
      const chosen = places[index];
      if (chosen === undefined || chosen.length === 0) return [];
      const metrics = singleNumbers(metricsOf(rowsAt(predictions, chosen), options));
      return [{ column: slicer.column, ...name, rows: chosen.length, metrics }];
    });
  });
}

/** The rows of each slice, in their order. */
function placesBySlice(indexes: SliceIndexes, slices: number): Uint32Array[] {
  const counts = new Uint32Array(slices);
  for (const index of indexes) if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  const places = Array.from(counts, (count) => new Uint32Array(count));
  const filled = new Uint32Array(slices);
  for (const [row, index] of indexes.entries()) {
    const into = places[index];
    if (into === undefined) continue;
    into[filled[index] ?? 0] = row;
    filled[index] = (filled[index] ?? 0) + 1;
  }
  return places;
}
