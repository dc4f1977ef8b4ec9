import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { tensor } from '../../../shared/onnx/build';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import { generatorOf } from '../seeded-generator';

export interface SampleOptions {
  /** What the text goes on from. */
  readonly prompt: readonly number[];
  /** How many tokens are drawn. */
  readonly tokens: number;
  /** Probabilities are taken to the power of one over it: below 1, the likely becomes likelier. */
  readonly temperature: number;
  readonly seed: number;
  /** Tokens that the model reads at a time; what is before them is not sent. */
  readonly length: number;
  readonly signal: AbortSignal;
}

/** The first index at which the running sum of the sharpened probabilities passes `chance` of the whole. */
function drawn(probabilities: readonly number[], temperature: number, chance: number): number {
  const sharpened = probabilities.map((probability) => probability ** (1 / temperature));
  const passed = chance * sharpened.reduce((sum, part) => sum + part, 0);
  let sum = 0;
  const index = sharpened.findIndex((part) => {
    sum += part;
    return sum > passed;
  });
  return Math.max(0, index);
}

/** Ids that an exported language model writes behind the prompt, each drawn by the probabilities that the model gives it. */
export async function sampleText(
  session: Pick<ModelSession, 'run'>,
  { prompt, tokens, temperature, seed, length, signal }: SampleOptions,
): Promise<number[]> {
  const generator = generatorOf(seed, 'sample');
  const ids = [...prompt];
  while (ids.length < prompt.length + tokens && !signal.aborted) {
    const read = ids.slice(-length);
    const { probabilities } = await session.run({ tokens: tensor('int64', [1, read.length], read) });
    ids.push(drawn(Array.from(probabilities?.data ?? [], Number), temperature, uniformFloat64(generator)));
  }
  return ids.slice(prompt.length);
}
