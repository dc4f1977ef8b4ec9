import type { TrainSpec } from '../../../shared/contracts/kinds/train';
import { UnusableDataError } from '../../../shared/errors/job-errors';
import type { Part } from '../../datasets/split-table';
import { type TextUnits, type TokenKind, textUnits, type Vocabulary, vocabularyOf } from './vocabulary';

/** The ids of a text's parts, and how many of them stand for characters that the training part lacks. */
export interface Corpus {
  readonly vocabulary: Vocabulary;
  readonly parts: Readonly<Record<Part, Uint16Array>>;
  readonly unknown: Readonly<Record<Part, number>>;
}

type Cut = Readonly<Record<Part, TextUnits>>;

/**
 * Validation is what stands behind the training part, and test what stands behind that: windows of a shuffled text would
 * overlap what was learned, and every model that knows its text by heart would look good.
 */
function cutText(text: TextUnits, { validation_fraction, test_fraction }: TrainSpec): Cut {
  const validationFrom = Math.floor(text.length * (1 - validation_fraction - test_fraction));
  const testFrom = test_fraction === 0 ? text.length : Math.floor(text.length * (1 - test_fraction));
  return {
    train: text.subarray(0, validationFrom),
    validation: text.subarray(validationFrom, testFrom),
    test: text.subarray(testFrom),
  };
}

const windowNeeds = (tokens: number, context: number): string =>
  `${tokens} tokens, and a window of ${context} tokens with the one behind it needs ${context + 1}`;

function checkLengths({ train, validation, test }: Cut, spec: TrainSpec, context: number): void {
  const total = train.length + validation.length + test.length;
  if (total === 0)
    throw new UnusableDataError(`the text column '${spec.target}' has no characters in any of its rows`);
  const parts = [
    { name: 'training', part: train, wanted: true },
    { name: 'validation', part: validation, wanted: spec.validation_fraction > 0 },
    { name: 'test', part: test, wanted: spec.test_fraction > 0 || spec.test_dataset !== undefined },
  ];
  const short = parts.find(({ part, wanted }) => wanted && part.length <= context);
  if (short)
    throw new UnusableDataError(
      `the ${short.name} part of the text has ${windowNeeds(short.part.length, context)}; give more text, a smaller model.maximum_length, or other fractions`,
      'text_too_short',
    );
}

export interface CorpusOptions {
  readonly spec: TrainSpec;
  readonly kind: TokenKind;
  /** Tokens that the model reads at a time. */
  readonly context: number;
  /** Tested on this text instead of on a part of the first. */
  readonly testText?: string;
}

/** A text as the ids of its parts. `UnusableDataError` where a part has no whole window. */
export function corpusOf(text: string, { spec, kind, context, testText }: CorpusOptions): Corpus {
  const asked = testText === undefined ? spec : { ...spec, test_fraction: 0 };
  const cut = cutText(textUnits(text, kind), asked);
  const units = testText === undefined ? cut : { ...cut, test: textUnits(testText, kind) };
  checkLengths(units, spec, context);
  const vocabulary = vocabularyOf(units.train, kind);
  const [train, validation, test] = [units.train, units.validation, units.test].map(vocabulary.encode);
  const none = vocabulary.encode(new Uint8Array());
  return {
    vocabulary,
    parts: { train: (train ?? none).ids, validation: (validation ?? none).ids, test: (test ?? none).ids },
    unknown: {
      train: train?.unknown ?? 0,
      validation: validation?.unknown ?? 0,
      test: test?.unknown ?? 0,
    },
  };
}
