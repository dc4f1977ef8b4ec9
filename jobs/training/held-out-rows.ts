import type { RowChunk } from '../datasets/read-rows';
import type { EncodedRows, RowEncoder } from './encode-rows';
import { rowBytes } from './row-type';

export interface HeldOutRowsOptions {
  readonly read: (chunkRows: number) => AsyncIterable<RowChunk>;
  readonly encoder: RowEncoder;
  readonly rows: number;
  /** Bytes that the encoded features may take; more are read and encoded anew on each pass. */
  readonly budgetBytes: number;
}

const chunkRows = 8192;

async function* encoded({ read, encoder }: HeldOutRowsOptions): AsyncIterable<EncodedRows> {
  for await (const chunk of read(chunkRows)) yield encoder.encode(chunk);
}

/** The rows of a part, encoded, in the order of the file, as often as they are asked for. */
export async function heldOutRows(options: HeldOutRowsOptions): Promise<() => AsyncIterable<EncodedRows>> {
  if (options.rows * rowBytes(options.encoder.features) > options.budgetBytes) return () => encoded(options);
  const chunks: EncodedRows[] = [];
  for await (const chunk of encoded(options)) chunks.push(chunk);
  return async function* () {
    yield* chunks;
  };
}
