import type { ColumnValues } from '../../datasets/column-values';
import { type RowChunk, readRows } from '../../datasets/read-rows';
import type { SplitTable } from '../../datasets/split-table';

/** Enough for a mean to three digits. */
const mostSampled = 8192;
const chunkRows = 256;

export interface SampledColumn {
  readonly split: SplitTable;
  readonly name: string;
  readonly seed: number;
}

/** A column's values in the training rows, in an order drawn by the seed; of many rows, the first of that order. */
export async function* sampledRows(sampled: SampledColumn): AsyncIterable<ColumnValues> {
  for await (const { columns } of sampledChunks(sampled)) yield columns[sampled.name] ?? [];
}

/** The same, with the rows' numbers. */
export async function* sampledChunks({ split, name, seed }: SampledColumn): AsyncIterable<RowChunk> {
  const shuffle = { seed, epoch: 0 };
  let read = 0;
  for await (const chunk of readRows(split, {
    part: 'train',
    columns: [name],
    chunkRows,
    shuffle,
  })) {
    yield chunk;
    read += chunk.rows;
    if (read >= mostSampled) return;
  }
}
