import type { RowChunk } from '../datasets/read-rows';
import { type EncodedRows, encodedBytes, encodingBytes, type RowEncoder } from './encode-rows';

export interface HeldOutRowsOptions {
  readonly read: (chunkRows: number) => AsyncIterable<RowChunk>;
  readonly encoder: RowEncoder;
  readonly rows: number;
  /** Bytes that the encoded features may take; more are read and encoded anew on each pass. */
  readonly budgetBytes: number;
}

/** At most so many rows are encoded at a time, and fewer where they take more than so much. */
const mostChunkRows = 8192;
const mostChunkBytes = 128 * 2 ** 20;

async function* encoded({ read, encoder }: HeldOutRowsOptions): AsyncIterable<EncodedRows> {
  const fitting = Math.floor(mostChunkBytes / encodingBytes(encoder));
  for await (const chunk of read(Math.min(mostChunkRows, Math.max(1, fitting)))) yield encoder.encode(chunk);
}

/** The rows of a part, encoded, in the order of the file, as often as they are asked for. */
export async function heldOutRows(options: HeldOutRowsOptions): Promise<() => AsyncIterable<EncodedRows>> {
  if (options.rows * encodedBytes(options.encoder) > options.budgetBytes) return () => encoded(options);
  const chunks: EncodedRows[] = [];
  for await (const chunk of encoded(options)) chunks.push(chunk);
  return async function* () {
    yield* chunks;
  };
}
