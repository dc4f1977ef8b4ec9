import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { constant, scalar, tensor } from '../../../shared/onnx/build';
import { multiply } from '../../../shared/onnx/expressions';
import type { Tensor } from '../../../shared/onnx/ir';
import { type BatchPicker, windowPicker } from '../batch-picker';
import type { EncodedRows } from '../encode-rows';
import type { TrainingRows } from '../training-rows';

/** Ids that a graph takes windows of, `[tokens]`. */
const tokensOf = (ids: Uint16Array): Tensor => tensor('uint16', [ids.length], ids);

/** Windows that lie side by side: each reads `context` tokens, and the last one's targets end with the text. */
export const windowCount = (tokens: number, context: number): number =>
  Math.max(0, Math.floor((tokens - 1) / context));

/** Where the windows of an epoch begin: drawn anew for each, and the same whenever the epoch is gone through again. */
function windowStarts(count: number, last: number, { seed, epoch }: { seed: number; epoch: number }) {
  const generator = xoroshiro128plus((Math.imul(seed, 0x9e37_79b1) + epoch) | 0);
  return Uint32Array.from({ length: count }, () => uniformInt(generator, 0, last));
}

/** Windows of a text at random places; an epoch has as many as lie side by side in it. */
export function trainingWindows(ids: Uint16Array, context: number, seed: number): TrainingRows {
  const rows = windowCount(ids.length, context);
  const features = tokensOf(ids);
  return {
    rows,
    async *epoch(epoch) {
      const order = windowStarts(rows, ids.length - 1 - context, { seed, epoch });
      yield { rows, features, order };
    },
  };
}

export const trainingPicker = (context: number): BatchPicker => windowPicker(context, 'uint16');

/** The windows side by side by their number. */
export function heldOutPicker(context: number): BatchPicker {
  const picker = trainingPicker(context);
  const length = constant(scalar(context, 'int32'));
  return { ...picker, pick: (numbers) => picker.pick(multiply(numbers, length)) };
}

/** Activations of so many tokens are held at once. */
const mostTokens = 8192;

/** All windows side by side, or the first so many, a few at a time; what is left behind the last is not read. */
export function heldOutWindows(ids: Uint16Array, context: number, most = Number.POSITIVE_INFINITY) {
  const rows = Math.min(most, windowCount(ids.length, context));
  const perChunk = Math.max(1, Math.floor(mostTokens / context));
  return async function* (): AsyncIterable<EncodedRows> {
    for (let from = 0; from < rows; from += perChunk) {
      const count = Math.min(perChunk, rows - from);
      const taken = ids.subarray(from * context, (from + count) * context + 1);
      yield { rows: count, features: tokensOf(taken) };
    }
  };
}
