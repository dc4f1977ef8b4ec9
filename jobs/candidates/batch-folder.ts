import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Tensor } from '../../shared/onnx/ir';
import type { SampleBatch, Samples } from '../compression/samples';

/** Tensors by name. */
export type Answers = Readonly<Record<string, Tensor>>;

const nameOf = (index: number): string => `${String(index).padStart(6, '0')}.batch`;

async function* readFolder(folder: string): AsyncIterable<unknown> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.batch')).sort();
  for (const name of names) yield deserialize(await readFile(join(folder, name)));
}

/** Batches in files of their own, in Node's structured clone: between processes of one job alone, which are one program. */
export async function writeBatch(
  folder: string,
  index: number,
  batch: SampleBatch | Answers,
): Promise<number> {
  await mkdir(folder, { recursive: true });
  const bytes = serialize(batch);
  await writeFile(join(folder, nameOf(index)), bytes);
  return bytes.byteLength;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isBatch = (value: unknown): value is SampleBatch =>
  isObject(value) && 'rows' in value && typeof value.rows === 'number' && 'feeds' in value;

const isAnswers = (value: unknown): value is Answers => isObject(value) && !('feeds' in value);

/** The batches of a folder, in the order in which they were written. */
export async function* readBatches(folder: string): AsyncIterable<SampleBatch> {
  for await (const batch of readFolder(folder)) if (isBatch(batch)) yield batch;
}

/** The answers of a folder, in the order of the batches that were asked. */
export async function* readAnswers(folder: string): AsyncIterable<Answers> {
  for await (const answers of readFolder(folder)) if (isAnswers(answers)) yield answers;
}

/** The first rows of a tensor. */
function firstRows({ elementType, dims, data }: Tensor, rows: number): Tensor {
  const perRow = dims.slice(1).reduce((product, size) => product * size, 1);
  return { elementType, dims: [rows, ...dims.slice(1)], data: data.slice(0, rows * perRow) };
}

/** The first rows of a batch. */
export function headOf(batch: SampleBatch, rows: number): SampleBatch {
  if (rows >= batch.rows) return batch;
  const feeds = Object.entries(batch.feeds).map(([name, tensor]) => [name, firstRows(tensor, rows)]);
  const labels = batch.labels && firstRows(batch.labels, rows);
  return { rows, feeds: Object.fromEntries(feeds), ...(labels ? { labels } : {}) };
}

/** Samples that lie in a folder. */
export const samplesIn = (folder: string): Samples =>
  async function* ({ mostRows = Number.POSITIVE_INFINITY } = {}) {
    let left = mostRows;
    for await (const batch of readBatches(folder)) {
      if (left <= 0) return;
      const taken = headOf(batch, left);
      left -= taken.rows;
      yield taken;
    }
  };
