import type { ModelSignature, SplitSettings } from '../../shared/contracts/model';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { int64s, tensor } from '../../shared/onnx/build';
import {
  type TextUnits,
  type TokenKind,
  textUnits,
  vocabularyOfClasses,
} from '../training/language-model/vocabulary';
import type { RowSource, RowSources } from './row-source';

export interface TextRowsRequest {
  /** Of the language model. */
  readonly signature: ModelSignature;
  readonly kind: TokenKind;
  readonly text: string;
  /** Tokens that the model reads at a time. */
  readonly context: number;
  /** How the model's training cut this text; absent where it learned from another. */
  readonly split?: SplitSettings | undefined;
  /** Rows that go through the model at once. */
  readonly batchRows: number;
}

/** Of a text that the model never saw. */
const halves = { validation_fraction: 0, test_fraction: 0.5 };

/** Each window is a whole run of the model for one answer; neighbours in a text say nearly the same. */
const mostWindows = 2_048;

interface Stretch {
  readonly units: TextUnits;
  readonly told: string;
}

function stretches(units: TextUnits, split: Pick<SplitSettings, 'validation_fraction' | 'test_fraction'>) {
  const validationFrom = Math.floor(units.length * (1 - split.validation_fraction - split.test_fraction));
  const testFrom = Math.floor(units.length * (1 - split.test_fraction));
  if (split === halves)
    return {
      samples: { units: units.subarray(0, testFrom), told: 'the first half of the text' },
      judged: { units: units.subarray(testFrom), told: 'the second half of the text' },
    };
  const samples: Stretch = { units: units.subarray(0, validationFrom), told: 'the beginning of the text' };
  const judged: Stretch =
    split.test_fraction > 0
      ? { units: units.subarray(testFrom), told: "the text's end, which nothing was learned from" }
      : { units: units.subarray(validationFrom), told: "the text's validation part" };
  return { samples, judged };
}

/** A language model classifies texts by the token that follows: windows of a text, evenly from its beginning to its end. */
export function textRows(request: TextRowsRequest): RowSources {
  const { signature, kind, text, context, split } = request;
  const isCut = split !== undefined && split.validation_fraction + split.test_fraction > 0;
  const { samples, judged } = stretches(textUnits(text, kind), isCut ? split : halves);
  const [input] = signature.inputs;
  if (input === undefined) throw new Error('a language model without an input');
  const { encode } = vocabularyOfClasses(signature.classes ?? [], kind);
  const source = ({ units, told }: Stretch): RowSource => {
    const { ids } = encode(units);
    const places = Math.max(0, ids.length - context);
    if (places === 0)
      throw new UnusableDataError(
        `${told} has ${ids.length} tokens, and a window of ${context} tokens with the one behind it needs ${context + 1}; give more text`,
        'text_too_short',
      );
    const rows = Math.min(mostWindows, places);
    return {
      rows,
      told: `${rows} windows of ${told}`,
      read: (most) => windows(ids, { ...request, name: input.name, most }),
    };
  };
  return { judged: source(judged), samples: source(samples), labelled: true, notes: [] };
}

interface Windows {
  readonly name: string;
  readonly context: number;
  readonly most: number;
  readonly batchRows: number;
}

async function* windows(ids: Uint16Array, { name, context, most, batchRows }: Windows) {
  const rows = Math.min(most, mostWindows, ids.length - context);
  const startOf = (row: number) => Math.floor((row * (ids.length - context)) / rows);
  for (let from = 0; from < rows; from += batchRows) {
    const count = Math.min(batchRows, rows - from);
    const starts = Array.from({ length: count }, (_, row) => startOf(from + row));
    const tokens = new BigInt64Array(count * context);
    for (const [row, start] of starts.entries())
      tokens.set(BigInt64Array.from(ids.subarray(start, start + context), BigInt), row * context);
    yield {
      rows: count,
      feeds: { [name]: tensor('int64', [count, context], tokens) },
      labels: int64s(starts.map((start) => ids[start + context] ?? -1)),
    };
  }
}
