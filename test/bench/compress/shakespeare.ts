import type { SampleBatch, Samples } from '../../../jobs/compression/samples';
import { tensor } from '../../../shared/onnx/build';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import type { Source } from './make';
import type { OwnModel } from './own-model';

const context = 64;
/** The share of the text that the model learned from. */
const learned = 0.9;

/** A text as ids of the model's own tokens, and where what it never saw begins. */
export interface Text {
  readonly ids: BigInt64Array;
  readonly heldOutFrom: number;
}

export function encodeText(text: string, { signature }: OwnModel): Text {
  const ids = new Map((signature.classes ?? []).map((symbol, index) => [String(symbol), BigInt(index)]));
  const unknown = BigInt(ids.size - 1);
  const encoded = BigInt64Array.from(text, (symbol) => ids.get(symbol) ?? unknown);
  return { ids: encoded, heldOutFrom: Math.floor(encoded.length * learned) };
}

/** Windows of the text that begin at these places. */
export function windows({ ids }: Text, starts: readonly number[]): SampleBatch {
  const tokens = new BigInt64Array(starts.length * context);
  starts.forEach((start, row) => {
    tokens.set(ids.subarray(start, start + context), row * context);
  });
  return { rows: starts.length, feeds: { tokens: tensor('int64', [starts.length, context], tokens) } };
}

/** So many places spread evenly between two. */
const spread = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => Math.floor(from + (index * (to - from)) / count));

const batch = 32;

function* inBatches(starts: readonly number[]): Iterable<readonly number[]> {
  for (let from = 0; from < starts.length; from += batch) yield starts.slice(from, from + batch);
}

/** Windows of what the model learned from. */
const textSamples = (text: Text, count: number): Samples =>
  async function* ({ mostRows = count } = {}) {
    const starts = spread(0, text.heldOutFrom - context, count).slice(0, mostRows);
    for (const some of inBatches(starts)) yield windows(text, some);
  };

export const textSource = ({ bytes, signature }: OwnModel, text: Text): Source => {
  const sampleRows = 512;
  return { bytes, signature, samples: textSamples(text, sampleRows), sampleRows };
};

/** Nats a character, over characters of the held-out text that follow whole windows: the same ones for every form. */
export const heldOutLoss =
  (text: Text, characters: number) =>
  async (session: ModelSession): Promise<number> => {
    const starts = spread(text.heldOutFrom, text.ids.length - context - 1, characters);
    let sum = 0;
    for (const some of inBatches(starts)) {
      const { probabilities } = await session.run(windows(text, some).feeds);
      const [, classes = 1] = probabilities?.dims ?? [];
      some.forEach((start, row) => {
        const next = Number(text.ids[start + context]);
        sum -= Math.log(Number(probabilities?.data[row * classes + next]));
      });
    }
    return sum / starts.length;
  };
