import { UnusableDataError } from '../../../shared/errors/job-errors';
import type { Tensor } from '../../../shared/onnx/ir';

/** Where the first number is that is NaN or infinite; undefined where all are finite. */
function firstUnusable({ data }: Tensor): number | undefined {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return undefined;
  // An index instead of an iterator: this loop sees every activation of every row.
  for (let at = 0; at < data.length; at++) if (!Number.isFinite(data[at])) return at;
  return undefined;
}

const rowLength = ({ dims }: Tensor): number => dims.slice(1).reduce((product, size) => product * size, 1);

/** `UnusableDataError` where a layer's results on these rows are no numbers. */
export function checkActivation(layer: string, results: Tensor, before: number): void {
  const at = firstUnusable(results);
  if (at === undefined) return;
  const row = before + Math.floor(at / Math.max(1, rowLength(results)));
  throw new UnusableDataError(
    `'${layer}' gives ${results.data[at]} for row ${row} of the samples, counted from 0; look for extreme values in the row`,
  );
}
