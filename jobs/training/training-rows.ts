import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RowChunk } from '../datasets/read-rows';
import { type EncodedRows, encodedBytes, encodingBytes, type RowEncoder } from './encode-rows';
import { placeRows, zeroRows } from './row-type';
import { generatorOf } from './seeded-generator';

/** Encoded examples, and the order in which an epoch visits them; absent: as they lie. */
export interface EpochChunk extends EncodedRows {
  readonly order?: Uint32Array;
}

/** Where the example lies that an epoch visits at this place. */
export const placeOf = ({ order }: EpochChunk, place: number): number => order?.[place] ?? place;

/** The examples to train on, in a new order each epoch; the same epoch always gives the same order. */
export interface TrainingRows {
  readonly rows: number;
  epoch(epoch: number): AsyncIterable<EpochChunk>;
}

export interface ReadChunks {
  readonly chunkRows: number;
  /** Absent: the order of the file. */
  readonly shuffle?: { readonly seed: number; readonly epoch: number };
}

export interface TrainingRowsOptions {
  readonly read: (options: ReadChunks) => AsyncIterable<RowChunk>;
  readonly encoder: RowEncoder;
  readonly rows: number;
  /** Rows that make one step. */
  readonly stepRows: number;
  readonly seed: number;
  /** Bytes that the encoded features may take; more are read and encoded anew each epoch. */
  readonly budgetBytes: number;
}

/** This part of the budget, and never more, is encoded at a time while rows are read. */
const chunkShare = 1 / 16;
const mostChunkBytes = 32 * 2 ** 20;

const bytesPerRow = ({ encoder }: TrainingRowsOptions): number => encodedBytes(encoder);

export const fitsInMemory = (options: TrainingRowsOptions): boolean =>
  options.rows * bytesPerRow(options) <= options.budgetBytes;

/** As many rows as a chunk may hold, in whole parts of so many: steps, where they are trained on as they are read. */
function chunkRowsOf({ budgetBytes, encoder }: TrainingRowsOptions, partRows: number): number {
  const chunkBytes = Math.min(mostChunkBytes, budgetBytes * chunkShare);
  const parts = Math.floor(chunkBytes / (encodingBytes(encoder) * partRows));
  return Math.max(1, parts) * partRows;
}

/** Held in memory where they fit the budget, else read in shuffled order and encoded again for each epoch. */
export const trainingRows = async (options: TrainingRowsOptions): Promise<TrainingRows> =>
  fitsInMemory(options) ? rowsInMemory(options) : streamedRows(options);

/** A seeded Fisher-Yates shuffle of the row numbers. */
export function shuffledOrder(rows: number, seed: number, epoch: number): Uint32Array {
  const generator = generatorOf(seed, 'shuffle', epoch);
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  for (let last = rows - 1; last > 0; last--) {
    const chosen = uniformInt(generator, 0, last);
    const moved = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = moved;
  }
  return order;
}

async function rowsInMemory(options: TrainingRowsOptions): Promise<TrainingRows> {
  const { encoder, rows, seed } = options;
  const features = zeroRows(encoder.features, rows);
  const targets = zeroRows(encoder.targets, rows);
  let filled = 0;
  for await (const chunk of options.read({ chunkRows: chunkRowsOf(options, 1) })) {
    const encoded = await encoder.encode(chunk);
    placeRows(encoded.features, features, filled);
    if (encoded.targets) placeRows(encoded.targets, targets, filled);
    filled += encoded.rows;
  }
  return {
    rows,
    async *epoch(epoch) {
      yield { rows, features, targets, order: shuffledOrder(rows, seed, epoch) };
    },
  };
}

/** The next chunk is read and encoded while the runtime is busy with this one. */
async function* ahead<T>(items: AsyncIterable<T>): AsyncIterable<T> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (let item = await next; !item.done; item = await next) {
      next = iterator.next();
      // a failure is thrown where the chunk is asked for
      next.catch(() => undefined);
      yield item.value;
    }
  } finally {
    await iterator.return?.();
  }
}

function streamedRows(options: TrainingRowsOptions): TrainingRows {
  const { encoder, rows, seed } = options;
  async function* encoded(epoch: number) {
    const chunks = options.read({
      chunkRows: chunkRowsOf(options, options.stepRows),
      shuffle: { seed, epoch },
    });
    for await (const chunk of chunks) yield encoder.encode(chunk);
  }
  return { rows, epoch: (epoch) => ahead(encoded(epoch)) };
}
