import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { constant, scalar, tensor } from '../../../shared/onnx/build';
import { multiply } from '../../../shared/onnx/expressions';
import type { Tensor } from '../../../shared/onnx/ir';
import { type BatchPicker, windowPicker } from '../batch-picker';
import type { EncodedRows } from '../encode-rows';
import { generatorOf } from '../seeded-generator';
import { shuffledOrder, type TrainingRows } from '../training-rows';

/** Ids that a graph takes windows of, `[tokens]`. */
const tokensOf = (ids: Uint16Array): Tensor => tensor('uint16', [ids.length], ids);

/** Windows that lie side by side: each reads `context` tokens, and the last one's targets end with the text. */
export const windowCount = (tokens: number, context: number): number =>
  Math.max(0, Math.floor((tokens - 1) / context));

/** One window fewer than fit, so that there is room to begin elsewhere in each epoch. */
export const trainingWindowCount = (tokens: number, context: number): number =>
  Math.max(1, Math.floor(tokens / context) - 1);

interface Epoch {
  readonly seed: number;
  readonly epoch: number;
}

/** Where the windows of an epoch begin: side by side from a place that is drawn for the epoch, in a drawn order. */
function windowStarts(tokens: number, context: number, { seed, epoch }: Epoch): Uint32Array {
  const count = trainingWindowCount(tokens, context);
  const generator = generatorOf(seed, 'window_start', epoch);
  const from = uniformInt(generator, 0, Math.min(context - 1, tokens - 1 - count * context));
  return shuffledOrder(count, seed, epoch).map((place) => from + place * context);
}

/**
 * Windows of a text in random order: an epoch reads each token once, as windows drawn anew would not, and cuts the text at
 * other places than the epoch before. The same epoch is always the same.
 */
export function trainingWindows(ids: Uint16Array, context: number, seed: number): TrainingRows {
  const rows = trainingWindowCount(ids.length, context);
  const features = tokensOf(ids);
  return {
    rows,
    async *epoch(epoch) {
      yield { rows, features, order: windowStarts(ids.length, context, { seed, epoch }) };
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
const mostTokens = 2048;

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
