import { type FileHandle, open } from 'node:fs/promises';
import { DuckDBBlobVector, type DuckDBDataChunk, DuckDBListVector } from '@duckdb/node-api';
import type { ColumnType } from '../../shared/contracts/dataset';
import type { ImageValues, ListValues } from './column-values';
import { eachInFlight } from './each-in-flight';

/** Types whose values are long: rows of them are never sorted, joined or copied. */
export type LongType = Extract<ColumnType, 'numbers' | 'image'>;

export const isLong = (type: ColumnType): type is LongType => type === 'numbers' || type === 'image';

/**
 * The values of one column of lists or images, in a file of their own beside the table: read once in the order of the table,
 * and from then on by row number, in any order. So parts, shuffles and batches move row numbers only.
 */
export interface LongValues {
  /** The values of these rows, in this order. */
  read(rowNumbers: ArrayLike<number>): Promise<ListValues | ImageValues>;
  close(): Promise<void>;
}

export interface SpoolOptions {
  type: LongType;
  rows: number;
  /** Where the file goes. */
  path: string;
}

/** Copies the one column of `chunks` into its file. */
export async function spoolValues(
  chunks: AsyncIterable<DuckDBDataChunk>,
  { type, rows, path }: SpoolOptions,
): Promise<LongValues> {
  const places: Places = { ends: new Float64Array(rows + 1), missing: new Uint8Array(rows) };
  const file = await open(path, 'wx+');
  try {
    await copyInto(file, chunks, { places, pack: packers[type] });
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    read: async (rowNumbers) => unpackers[type](await readRuns(file, places, rowNumbers)),
    close: () => file.close(),
  };
}

interface Copying {
  places: Places;
  pack: (chunk: DuckDBDataChunk) => Packed;
}

async function copyInto(
  file: FileHandle,
  chunks: AsyncIterable<DuckDBDataChunk>,
  { places, pack }: Copying,
): Promise<void> {
  let row = 0;
  let end = 0;
  for await (const chunk of chunks) {
    const { bytes, lengths } = pack(chunk);
    await file.writeFile(bytes);
    for (const length of lengths) {
      if (length < 0) places.missing[row] = 1;
      end += Math.max(0, length);
      places.ends[++row] = end;
    }
  }
}

/** Where each row's bytes end in the file; the first of `ends` is 0. */
interface Places {
  ends: Float64Array;
  missing: Uint8Array;
}

interface Packed {
  bytes: Uint8Array;
  /** In bytes; -1 where the row has no value. */
  lengths: readonly number[];
}

const packers: Readonly<Record<LongType, (chunk: DuckDBDataChunk) => Packed>> = {
  numbers: packLists,
  image: packBytes,
};

const largestFloat = 3.4028234663852886e38;

/** Numbers past the range of float32 become its largest, as those of plain columns do. */
function packLists(chunk: DuckDBDataChunk): Packed {
  const vector = chunk.getColumnVector(0);
  if (!(vector instanceof DuckDBListVector)) throw new TypeError('lists were expected');
  const { childVector } = vector;
  const packed = new Float32Array(childVector.itemCount);
  const lengths: number[] = [];
  let at = 0;
  for (let row = 0; row < chunk.rowCount; row++) {
    const items = vector.getItemVector(row);
    const from = items === null ? 0 : vector.getEntryOffset(row);
    const length = items === null ? 0 : vector.getEntryLength(row);
    for (let index = from; index < from + length; index++)
      packed[at++] = Math.max(-largestFloat, Math.min(largestFloat, Number(childVector.getItem(index))));
    lengths.push(items === null ? -1 : length * packed.BYTES_PER_ELEMENT);
  }
  return { bytes: new Uint8Array(packed.buffer, 0, at * packed.BYTES_PER_ELEMENT), lengths };
}

function packBytes(chunk: DuckDBDataChunk): Packed {
  const vector = chunk.getColumnVector(0);
  if (!(vector instanceof DuckDBBlobVector)) throw new TypeError('images were expected');
  const found = Array.from({ length: chunk.rowCount }, (_, row) => vector.getItemBytes(row));
  return {
    bytes: Buffer.concat(found.map((bytes) => bytes ?? new Uint8Array())),
    lengths: found.map((bytes) => bytes?.length ?? -1),
  };
}

interface Rows {
  /** One behind the other. */
  bytes: Uint8Array<ArrayBuffer>;
  /** `[rows + 1]` */
  offsets: Float64Array;
  missing: Uint8Array;
}

const unpackers: Readonly<Record<LongType, (rows: Rows) => ListValues | ImageValues>> = {
  numbers: ({ bytes, offsets, missing }) => ({
    kind: 'lists',
    values: new Float32Array(bytes.buffer),
    offsets: Uint32Array.from(offsets, (offset) => offset / Float32Array.BYTES_PER_ELEMENT),
    ...(missing.includes(1) ? { missing } : {}),
  }),
  image: ({ bytes, offsets }) => ({
    kind: 'images',
    encoded: Array.from({ length: offsets.length - 1 }, (_, row) =>
      bytes.subarray(offsets[row], offsets[row + 1]),
    ),
  }),
};

/** Rows this close together in the file are read with what lies between them: a read has a price of its own. */
const largestGap = 32 * 1024;
const largestRun = 4 * 1024 * 1024;
const readsInFlight = 8;

/** Rows of the answer, by their place in it, that one read brings. */
interface Run {
  start: number;
  end: number;
  rows: number[];
}

async function readRuns(file: FileHandle, places: Places, rowNumbers: ArrayLike<number>): Promise<Rows> {
  const numbers = Float64Array.from(rowNumbers);
  const offsets = new Float64Array(numbers.length + 1);
  for (const [index, row] of numbers.entries())
    offsets[index + 1] = at(offsets, index) + at(places.ends, row + 1) - at(places.ends, row);
  const bytes = new Uint8Array(at(offsets, numbers.length));
  await eachInFlight(runsOf(places, numbers), readsInFlight, async ({ start, end, rows }) => {
    const buffer = new Uint8Array(end - start);
    await readWhole(file, buffer, start);
    for (const index of rows) {
      const row = at(numbers, index);
      bytes.set(
        buffer.subarray(at(places.ends, row) - start, at(places.ends, row + 1) - start),
        offsets[index],
      );
    }
  });
  return { bytes, offsets, missing: Uint8Array.from(numbers, (row) => places.missing[row] ?? 0) };
}

const at = (values: Float64Array, index: number): number => values[index] ?? 0;

function runsOf({ ends }: Places, numbers: Float64Array): Run[] {
  const order = Uint32Array.from(numbers, (_, index) => index).sort(
    (a, b) => at(numbers, a) - at(numbers, b),
  );
  const runs: Run[] = [];
  for (const index of order) {
    const row = at(numbers, index);
    const [start, end] = [at(ends, row), at(ends, row + 1)];
    const last = runs.at(-1);
    if (last && start - last.end <= largestGap && end - last.start <= largestRun) {
      last.end = Math.max(last.end, end);
      last.rows.push(index);
    } else runs.push({ start, end, rows: [index] });
  }
  return runs;
}

async function readWhole(file: FileHandle, buffer: Uint8Array, start: number): Promise<void> {
  for (let filled = 0; filled < buffer.length; ) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) throw new RangeError(`the file of long values ends at ${start + filled}`);
    filled += bytesRead;
  }
}
