import type { ModelSignature } from '../../shared/contracts/model';
import { InterruptedError, UnusableDataError } from '../../shared/errors/job-errors';
import type { ModelSession } from '../../shared/ports/model-runtime';
import { type RowChunk, readRows } from '../datasets/read-rows';
import type { SplitTable } from '../datasets/split-table';
import { type Collector, classCollector, numberCollector } from './collect-predictions';
import type { Predictions } from './predictions';
import { rowFeeds } from './row-feeds';
import { rowsPerRun } from './run-rows';

/** Tells the slices of a column apart. */
export interface Slicer {
  readonly column: string;
  /** Index of the slice that a value belongs to, or -1; a missing value is '' or NaN. */
  readonly sliceOf: (value: string | number) => number;
}

export interface Evaluation {
  readonly signature: ModelSignature;
  readonly rows: SplitTable;
  /** `InterruptedError` soon after it aborts. */
  readonly signal: AbortSignal;
  readonly slicers?: readonly Slicer[];
  /** Told how many rows are done, batch by batch. */
  readonly onRows?: (rows: number) => void;
}

/** What a model says of these rows, from raw columns to predictions as when it serves. */
export async function predictRows(session: ModelSession, evaluation: Evaluation): Promise<Predictions> {
  const { signature, rows, signal, slicers = [], onRows } = evaluation;
  const { target } = signature;
  if (target === undefined) throw new UnusableDataError('the model has no target to measure it by');
  const collector = collectorFor(evaluation);
  const inputs = signature.inputs.map(({ name }) => name);
  const columns = [...new Set([...inputs, target, ...slicers.map(({ column }) => column)])];
  let done = 0;
  for await (const chunk of readRows(rows, {
    part: 'all',
    columns,
    chunkRows: rowsPerRun(session, signature),
  })) {
    if (signal.aborted) throw new InterruptedError(String(signal.reason));
    const outputs = await session.run(await rowFeeds(signature, chunk));
    collector.add({ chunk, actual: chunk.columns[target], outputs, slices: slicesIn(chunk, slicers) });
    done += chunk.rows;
    onRows?.(done);
  }
  return collector.predictions();
}

function collectorFor({ signature, rows: { counts }, slicers = [] }: Evaluation): Collector {
  const capacity = { rows: counts.train + counts.validation + counts.test, slicers: slicers.length };
  return signature.task === 'classification'
    ? classCollector(signature, capacity)
    : numberCollector(signature, capacity);
}

function slicesIn({ rows, columns }: RowChunk, slicers: readonly Slicer[]): number[][] {
  return slicers.map(({ column, sliceOf }) => {
    const values = columns[column];
    const scalars = values instanceof Float32Array || Array.isArray(values) ? values : [];
    return Array.from({ length: rows }, (_, row) => sliceOf(scalars[row] ?? ''));
  });
}
