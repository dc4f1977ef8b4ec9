import type { ModelSignature } from '../../shared/contracts/model';
import { elementCount } from '../../shared/onnx/element-types';
import type { Tensor } from '../../shared/onnx/ir';
import type { ModelSession } from '../../shared/ports/model-runtime';
import type { RowChunk } from '../datasets/read-rows';
import { rowFeeds } from './row-feeds';

/** Rows per call of the model; of one size for every evaluation, since dynamic quantization looks at the whole batch. */
const batchRows = 256;
/** Rows of large inputs, such as images, go in smaller batches. */
const mostElements = 2 ** 23;

/** How many rows a model is asked of at a time; one whose inputs are of one instance is asked row by row. */
export function rowsPerRun({ inputs }: Pick<ModelSession, 'inputs'>, signature: ModelSignature): number {
  if (inputs.some(({ shape }) => shape[0] === 1)) return 1;
  const elements = signature.inputs.map(({ shape }) => elementCount(shape.map((size) => Math.max(1, size))));
  const row = elements.reduce((sum, count) => sum + count, 0);
  return Math.max(1, Math.min(batchRows, Math.floor(mostElements / Math.max(1, row))));
}

type Tensors = Readonly<Record<string, Tensor>>;

function rowsFrom({ elementType, dims: [, ...row], data }: Tensor, from: number, to: number): Tensor {
  const length = elementCount(row);
  const [first, last] = [from * length, to * length];
  const part = ArrayBuffer.isView(data) ? data.subarray(first, last) : data.slice(first, last);
  return { elementType, dims: [to - from, ...row], data: part };
}

/**
 * What a model gives of a chunk's rows, some at a time: what it computes of them on the way is many times as large as they
 * are, and does not fit into memory of a whole chunk at once.
 */
export async function* runRows(
  session: Pick<ModelSession, 'inputs' | 'run'>,
  signature: ModelSignature,
  chunk: RowChunk,
): AsyncIterable<{ readonly rows: number; readonly outputs: Tensors }> {
  const feeds = Object.entries(await rowFeeds(signature, chunk));
  const most = rowsPerRun(session, signature);
  for (let from = 0; from < chunk.rows; from += most) {
    const to = Math.min(chunk.rows, from + most);
    const part = feeds.map(([name, tensor]) => [name, rowsFrom(tensor, from, to)] as const);
    yield { rows: to - from, outputs: await session.run(Object.fromEntries(part)) };
  }
}

/** Numbers that came in parts, one behind the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  for (const part of parts) {
    all.set(part, from);
    from += part.length;
  }
  return all;
}
