import { InterruptedError } from '../../../shared/errors/job-errors';
import type { Model, Tensor, Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import { observe } from '../observe';
import type { SampleBatch, Samples } from '../samples';
import { checkFeeds } from './check-numbers';
import { sliceRows } from './slice-rows';

/** How a model is run over samples, of which no more is held than one bounded part. */
export interface Running {
  readonly samples: Samples;
  /** The most rows that are run. */
  readonly rows: number;
  /** A session that is disposed of here. */
  readonly open: (model: Model) => Promise<ModelSession>;
  readonly signal?: AbortSignal;
}

/** The results of one value on some rows; `before` rows came ahead of them. */
export type Consume = (value: Value, results: Tensor, before: number) => void;

/** What may be held of results at once: little beside a runtime's own memory, and enough that calls are not what takes time. */
const mostBytes = 2 ** 21;

/**
 * Runs a model over samples and hands the results of values of its inside on, part by part. Memory does not grow with the
 * samples: few rows are run at once, and of models with many or large values one group of them after the other.
 * `UnusableDataError` where a feed is NaN or infinite; `InterruptedError` where the signal says so.
 */
export async function measureValues(
  model: Model,
  values: readonly Value[],
  running: Running,
  consume: Consume,
): Promise<number> {
  let rows = 0;
  for (const group of inGroups(values)) rows = await measureGroup(model, group, running, consume);
  return rows;
}

/** Bytes of one row of a value, as far as its sizes are known: others count as 1. */
const bytesOfRow = (value: Value): number =>
  (shapeOf(value) ?? [])
    .slice(1)
    .reduce<number>((bytes, size) => bytes * (typeof size === 'number' ? size : 1), 4);

function inGroups(values: readonly Value[]): readonly (readonly Value[])[] {
  const groups: Value[][] = [];
  let free = 0;
  for (const value of values) {
    const bytes = bytesOfRow(value);
    const last = groups.at(-1);
    if (last === undefined || bytes > free) groups.push([value]);
    else last.push(value);
    free = (last === undefined || bytes > free ? mostBytes : free) - bytes;
  }
  return groups;
}

async function measureGroup(
  model: Model,
  values: readonly Value[],
  { samples, rows, open, signal }: Running,
  consume: Consume,
): Promise<number> {
  const { model: observed, names } = observe(model, values);
  const session = await open(observed);
  const takesAnyBatch = session.inputs.every(({ shape }) => typeof shape[0] !== 'number');
  let before = 0;
  let rowsAtOnce = takesAnyBatch ? 1 : Number.POSITIVE_INFINITY;
  try {
    for await (const batch of samples({ mostRows: rows })) {
      checkFeeds(batch, before);
      for (let from = 0; from < batch.rows; ) {
        if (signal?.aborted) throw new InterruptedError('the job was told to stop');
        const part = partOf(batch, from, rowsAtOnce);
        const results = await session.run(part.feeds);
        const bytes = handOn(results, names, (value, tensor) => consume(value, tensor, before));
        if (takesAnyBatch) rowsAtOnce = Math.max(1, Math.floor((mostBytes * part.rows) / Math.max(1, bytes)));
        from += part.rows;
        before += part.rows;
      }
    }
  } finally {
    await session.dispose();
  }
  return before;
}

const partOf = (batch: SampleBatch, from: number, rows: number): SampleBatch =>
  from === 0 && rows >= batch.rows ? batch : sliceRows(batch, from, Math.min(batch.rows, from + rows));

/** How many bytes the results have. */
function handOn(
  results: Readonly<Record<string, Tensor>>,
  names: ReadonlyMap<Value, string>,
  consume: (value: Value, results: Tensor) => void,
): number {
  let bytes = 0;
  for (const [value, name] of names) {
    const tensor = results[name];
    if (tensor === undefined) continue;
    consume(value, tensor);
    bytes += tensor.data.length * 4;
  }
  return bytes;
}
