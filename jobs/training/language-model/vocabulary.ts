import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { UnusableDataError } from '../../../shared/errors/job-errors';

export type TokenKind = FamilySpec<'transformer'>['tokens'];

/** Between a text and the numbers that stand for it. */
export interface Vocabulary {
  readonly kind: TokenKind;
  /** What each id stands for: a character, or the value of a byte. */
  readonly symbols: readonly (string | number)[];
  /** What is read for a character that no training text has; bytes are all known. */
  readonly unknown?: string;
  /** Code points or bytes to ids. */
  readonly encode: (units: TextUnits) => Encoded;
  readonly decode: (ids: readonly number[]) => string;
}

/** A text as what its tokens are: code points, or the bytes of its UTF-8. */
export type TextUnits = Uint32Array | Uint8Array;

export interface Encoded {
  readonly ids: Uint16Array;
  /** How many of them stand for a character that is not in the vocabulary. */
  readonly unknown: number;
}

function codePoints(text: string): Uint32Array {
  const points = new Uint32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    const point = text.codePointAt(at) ?? 0;
    points[count] = point;
    at += point > 0xffff ? 2 : 1;
  }
  return points.slice(0, count);
}

export const textUnits = (text: string, kind: TokenKind): TextUnits =>
  kind === 'bytes' ? new TextEncoder().encode(text) : codePoints(text);

/** More characters than this make a table of which most rows are hardly ever learned. */
const mostCharacters = 4096;

/** U+FFFD, which Unicode has for what cannot be represented. */
const replacement = '\ufffd';

/** The distinct characters of the training text in the order of their code points, and one for all others behind them. */
function characters(training: TextUnits): Vocabulary {
  const distinct = new Set<number>(training);
  distinct.delete(replacement.charCodeAt(0));
  if (distinct.size > mostCharacters)
    throw new UnusableDataError(
      `the text has ${distinct.size} different characters, and a model of characters at most ${mostCharacters}; set model.tokens to 'bytes'`,
      'too_many_characters',
    );
  const known = Array.from(Uint32Array.from(distinct).sort(), (point) => String.fromCodePoint(point));
  return ofCharacters([...known, replacement]);
}

/** The last of the symbols stands for every other character. */
function ofCharacters(symbols: readonly string[]): Vocabulary {
  const other = symbols.length - 1;
  const ids = new Map(symbols.slice(0, other).map((symbol, id) => [symbol.codePointAt(0) ?? 0, id] as const));
  return {
    kind: 'characters',
    symbols,
    unknown: replacement,
    encode(units) {
      const encoded = new Uint16Array(units.length);
      let unknown = 0;
      for (let at = 0; at < units.length; at++) {
        const id = ids.get(units[at] ?? -1) ?? other;
        if (id === other) unknown++;
        encoded[at] = id;
      }
      return { ids: encoded, unknown };
    },
    decode: (all) => all.map((id) => symbols[id] ?? replacement).join(''),
  };
}

const everyByte: Vocabulary = {
  kind: 'bytes',
  symbols: Array.from({ length: 256 }, (_, byte) => byte),
  encode: (units) => ({ ids: Uint16Array.from(units), unknown: 0 }),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids)),
};

/** What a model of this kind of tokens knows after it has seen the training text. */
export const vocabularyOf = (training: TextUnits, kind: TokenKind): Vocabulary =>
  kind === 'bytes' ? everyByte : characters(training);

/** The vocabulary of a trained model, by its classes. */
export const vocabularyOfClasses = (classes: readonly unknown[], kind: TokenKind): Vocabulary =>
  kind === 'bytes' ? everyByte : ofCharacters(classes.map(String));
