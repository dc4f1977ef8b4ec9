import type { ColumnValues } from '../../datasets/column-values';
import { readRows } from '../../datasets/read-rows';
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
export async function* sampledRows({ split, name, seed }: SampledColumn): AsyncIterable<ColumnValues> {
  const shuffle = { seed, epoch: 0 };
  let read = 0;
  for await (const { rows, columns } of readRows(split, {
    part: 'train',
    columns: [name],
    chunkRows,
    shuffle,
  })) {
    yield columns[name] ?? [];
    read += rows;
    if (read >= mostSampled) return;
  }
}
