import type { SampleBatch } from '../compression/samples';

/** Rows of one kind, batch by batch. */
export interface RowSource {
  readonly rows: number;
  /** For people: `held-out rows of the training`. */
  readonly told: string;
  /** At most so many rows, in the source's order. */
  readonly read: (mostRows: number) => AsyncIterable<SampleBatch>;
}

/** What candidates are judged by, and what they are calibrated on and learn from; no row is in both. */
export interface RowSources {
  readonly judged: RowSource;
  readonly samples: RowSource;
  /** Whether rows have the truth. */
  readonly labelled: boolean;
  /** Writes the rows to judge by as the held-out rows of what comes of it, where those of the model were learned from too. */
  readonly writeHeldOut?: (path: string) => Promise<void>;
  /** What people should know of the rows. */
  readonly notes: readonly string[];
}
