import { InterruptedError } from '../../../shared/errors/job-errors';
import type { Tensor } from '../../../shared/onnx/ir';
import type { TensorInfo } from '../../../shared/ports/model-runtime';
import type { SampleBatch, Samples } from '../samples';
import { sliceRows } from './slice-rows';

/** Which rows a model is run on. */
export interface Rows {
  readonly samples: Samples;
  /** The most rows that are run. */
  readonly rows: number;
  readonly signal?: AbortSignal;
}

/** What may be held of results at once: little beside a runtime's own memory, and enough that calls are not what takes time. */
export const bytesAtOnce = 2 ** 20;

/** Runs some rows; `before` rows came ahead of them. Gives the results, by whose size the next rows are chosen. */
export type RunPart = (part: SampleBatch, before: number) => Promise<readonly Tensor[]>;

/**
 * Rows of samples in parts whose results have at most `bytesAtOnce`, or are of one row; how many rows there were. A model
 * of a fixed batch gets the batches as they are. NaN may be a missing value that the model imputes: what is read is not checked
 * here. `InterruptedError` where the signal says so.
 */
export async function eachPart(
  { samples, rows, signal }: Rows,
  inputs: readonly TensorInfo[],
  run: RunPart,
): Promise<number> {
  const isFixed = inputs.some(({ shape }) => typeof shape[0] === 'number');
  let before = 0;
  let rowsAtOnce = isFixed ? Number.POSITIVE_INFINITY : 1;
  for await (const batch of samples({ mostRows: rows })) {
    for (let from = 0; from < batch.rows; ) {
      if (signal?.aborted) throw new InterruptedError('the job was told to stop');
      const part = partOf(batch, from, rowsAtOnce);
      const results = await run(part, before + from);
      if (!isFixed) rowsAtOnce = rowsWithin(results, part.rows);
      from += part.rows;
    }
    before += batch.rows;
  }
  return before;
}

const partOf = (batch: SampleBatch, from: number, rows: number): SampleBatch =>
  from === 0 && rows >= batch.rows ? batch : sliceRows(batch, from, Math.min(batch.rows, from + rows));

function rowsWithin(results: readonly Tensor[], rows: number): number {
  const bytes = results.reduce((total, { data }) => total + data.length * 4, 0);
  return Math.max(1, Math.floor((bytesAtOnce * rows) / Math.max(1, bytes)));
}
