import type { WeightedMetrics } from '../evaluation/metrics/weighted-classification';
import type { Predictions } from '../evaluation/predictions';

/** What a model answered to the rows that count. */
export interface Answered {
  /** Of some of those rows, by their places among them. */
  readonly metricsAt: (places: Uint32Array) => WeightedMetrics;
  /** Absent where no truth is known. */
  readonly predictions?: Predictions;
}

/** A way to hold answers against the truth. */
export interface Ruler {
  /** What the metric is called there. */
  readonly metric: string;
  /** How many rows count: those without a truth, or of a class that the model does not know, do not. */
  readonly rows: number;
  /** Of all rows, those that do not count. */
  readonly leftOut: number;
  /** Reads a folder of answers. `UnusableDataError` where they are no numbers and the original's are. */
  readonly read: (folder: string) => Promise<Answered>;
}
