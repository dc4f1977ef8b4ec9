import type { ModelMetrics } from '../evaluation/evaluate-model';
import type { LayerDecision } from './pass';

interface Pair {
  before: number;
  after: number;
}

interface Shrinkage {
  bytes_before: number;
  bytes_after: number;
  /** After over before. */
  ratio: number;
}

/** What compression did to a model, as `report.json` and the version's metrics tell it. */
export interface CompressionReport {
  passes: readonly string[];
  /** The ONNX file, whole. */
  file: Shrinkage;
  /** The weights that were compressed, with all that decodes them. */
  weights: Shrinkage;
  layers: readonly {
    layer: string;
    operator: string;
    shape: readonly number[];
    bytes_before: number;
    bytes_after: number;
    /** Why it stayed as it was. */
    kept?: string;
  }[];
  /** On the held-out rows of the training job; absent where the model came without. */
  quality?: { before: ModelMetrics; after: ModelMetrics; accuracy_loss_points?: number };
  /** Median milliseconds of one run, warm; no batch where one row takes long already. */
  latency_milliseconds?: { single_row: Pair; batch?: Pair & { rows: number } };
  notes: readonly string[];
}

export const shrinkage = (before: number, after: number): Shrinkage => ({
  bytes_before: before,
  bytes_after: after,
  ratio: after / before,
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Only layers that were compressed count: the rest is as large as it was. */
export function weightShrinkage(decisions: readonly LayerDecision[]): Shrinkage {
  const touched = decisions.filter(({ kept }) => kept === undefined);
  return shrinkage(
    sum(touched.map(({ bytesBefore }) => bytesBefore)),
    sum(touched.map(({ bytesAfter }) => bytesAfter)),
  );
}

export const reportedLayers = (decisions: readonly LayerDecision[]): CompressionReport['layers'] =>
  decisions.map(({ layer, operator, shape, bytesBefore, bytesAfter, kept }) => ({
    layer,
    operator,
    shape,
    bytes_before: bytesBefore,
    bytes_after: bytesAfter,
    ...(kept === undefined ? {} : { kept }),
  }));

/** Quality before and after; in points of accuracy where the task has that. */
export function qualityOf(
  before: ModelMetrics,
  after: ModelMetrics,
): NonNullable<CompressionReport['quality']> {
  if (!('accuracy' in before && 'accuracy' in after)) return { before, after };
  return { before, after, accuracy_loss_points: (before.accuracy - after.accuracy) * 100 };
}
