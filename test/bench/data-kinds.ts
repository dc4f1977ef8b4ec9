import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isImages } from '../../jobs/datasets/column-values';
import { decodeImages, type ImageSize } from '../../jobs/datasets/decode-images';
import { ingestFile } from '../../jobs/datasets/ingest-file';
import { openTable } from '../../jobs/datasets/open-table';
import { readRows } from '../../jobs/datasets/read-rows';
import { unsplitTable } from '../../jobs/datasets/split-table';
import type { DataFormat } from '../../shared/contracts/dataset';
import { imageOf, pngOf, zipOf } from '../support/make-zip';
import { mnistDigits } from '../support/mnist-digits';
import type { Bench, Row } from './row';

const chunkRows = 1_024;
const largeImages = 1_000;
const listRows = 60_000;

interface Sample {
  what: string;
  bytes: Uint8Array;
  format: DataFormat;
  target: string;
  column: string;
  size?: ImageSize;
}

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
};

/** Ingests a sample, reads its column twice (the first time makes its file), and decodes it where it holds images. */
async function measure({ what, bytes, format, target, column, size }: Sample): Promise<Row[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'ingot-bench-data-'));
  const [source, data] = [join(scratch, 'source'), join(scratch, 'data.parquet')];
  await writeFile(source, bytes);
  const signal = new AbortController().signal;
  let rows = 0;
  const ingest = await secondsOf(async () => {
    const outcome = await ingestFile({ source, format, data, scratch, signal, onProgress: () => undefined });
    if (outcome.type === 'rejected') throw new Error(JSON.stringify(outcome.errors));
    rows = outcome.profile.rows;
  });
  const table = await openTable({ data, scratch });
  const split = await unsplitTable(table, { target, task: 'classification' });
  const encoded: (readonly Uint8Array[])[] = [];
  const read = async () => {
    encoded.length = 0;
    for await (const { columns } of readRows(split, { part: 'all', columns: [column], chunkRows })) {
      const values = columns[column];
      if (values && isImages(values)) encoded.push(values.encoded);
    }
  };
  const [first, again] = [await secondsOf(read), await secondsOf(read)];
  const decode =
    size &&
    (await secondsOf(async () => {
      for (const images of encoded) await decodeImages(images, size);
    }));
  await table.close();
  await rm(scratch, { recursive: true, force: true });
  const row = (step: string, seconds: number): Row => ({
    name: `${what}: ${step}`,
    unit: 'rows/s',
    value: rows / seconds,
  });
  return [
    row('ingest', ingest),
    row('read, the first time', first),
    row('read again', again),
    ...(decode === undefined ? [] : [row('decode', decode)]),
  ];
}

const digitSize = { height: 28, width: 28, channels: 1 } as const;

async function digits(): Promise<Sample> {
  const entries = mnistDigits().map(async ({ label, pixels }, index) => ({
    path: `${label}/${index}.png`,
    bytes: await pngOf({ ...digitSize, values: pixels }),
  }));
  const bytes = await zipOf(await Promise.all(entries));
  return {
    what: 'digits as PNG, 28 x 28',
    bytes,
    format: 'images',
    target: 'label',
    column: 'image',
    size: digitSize,
  };
}

/** Photographs are JPEG of some hundred pixels a side; these are of noise, which is the slowest to decode. */
async function photographs(): Promise<Sample> {
  const side = 500;
  const values = Array.from({ length: side * side * 3 }, (_, at) => (at * at * 31) % 251);
  const jpeg = await imageOf({ width: side, height: side, channels: 3, values }).jpeg().toBuffer();
  const entries = Array.from({ length: largeImages }, (_, index) => ({
    path: `${index % 2}/${index}.jpg`,
    bytes: jpeg,
  }));
  const size = { height: 224, width: 224, channels: 3 } as const;
  const what = 'JPEG of 500 x 500, to 224 x 224';
  return { what, bytes: await zipOf(entries), format: 'images', target: 'label', column: 'image', size };
}

async function lists(): Promise<Sample> {
  const given = mnistDigits();
  const lines = Array.from({ length: listRows }, (_, index) => {
    const { label, pixels = [] } = given[index % given.length] ?? {};
    return JSON.stringify({ pixels, label: `${label}` });
  });
  const bytes = Buffer.from(lines.join('\n'));
  return { what: 'lists of 784 numbers, JSONL', bytes, format: 'jsonl', target: 'label', column: 'pixels' };
}

/** Images and lists from upload to what a network reads. */
export const dataKinds: Bench = async () => {
  const rows: Row[] = [];
  for (const sample of [digits, photographs, lists]) rows.push(...(await measure(await sample())));
  return rows;
};
