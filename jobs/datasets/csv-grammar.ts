export const csvState = {
  rowStart: 0,
  fieldStart: 1,
  unquoted: 2,
  blanks: 3,
  quoted: 4,
  quotedReturn: 5,
  closing: 6,
  afterReturn: 7,
} as const;
export const csvEvent = {
  none: 0,
  field: 1,
  row: 2,
  blankLine: 3,
  innerLine: 4,
  doubled: 5,
  lineFeed: 6,
  quoteAfterBlank: 7,
  textAfterQuote: 8,
} as const;
const kind = { other: 0, delimiter: 1, quote: 2, lineFeed: 3, carriageReturn: 4, blank: 5 } as const;

type Move = readonly [state: number, event: number];
const to = (state: number, event: number = csvEvent.none): Move => [state, event];

const text = to(csvState.unquoted);
const blank = to(csvState.blanks);
const inside = to(csvState.quoted);
const endOfField = to(csvState.fieldStart, csvEvent.field);
const endByFeed = to(csvState.rowStart, csvEvent.row);
const endByReturn = to(csvState.afterReturn, csvEvent.row);
const blankByFeed = to(csvState.rowStart, csvEvent.blankLine);
const blankByReturn = to(csvState.afterReturn, csvEvent.blankLine);
const closing = to(csvState.closing);
const innerByFeed = to(csvState.quoted, csvEvent.innerLine);
const innerByReturn = to(csvState.quotedReturn, csvEvent.innerLine);
const doubled = to(csvState.quoted, csvEvent.doubled);
const quoteAfterBlank = to(csvState.unquoted, csvEvent.quoteAfterBlank);
const textAfterQuote = to(csvState.unquoted, csvEvent.textAfterQuote);
const secondHalf = to(csvState.rowStart, csvEvent.lineFeed);

/** RFC 4180: for each state, what each kind of byte leads to, in the order of `kind`. Rows end by LF, CR LF or CR alone. */
const moves: Readonly<Record<keyof typeof csvState, readonly Move[]>> = {
  rowStart: [text, endOfField, inside, blankByFeed, blankByReturn, blank],
  fieldStart: [text, endOfField, inside, endByFeed, endByReturn, blank],
  unquoted: [text, endOfField, text, endByFeed, endByReturn, text],
  blanks: [text, endOfField, quoteAfterBlank, endByFeed, endByReturn, blank],
  quoted: [inside, inside, closing, innerByFeed, innerByReturn, inside],
  quotedReturn: [inside, inside, closing, inside, innerByReturn, inside],
  closing: [textAfterQuote, endOfField, doubled, endByFeed, endByReturn, textAfterQuote],
  afterReturn: [text, endOfField, inside, secondHalf, blankByReturn, blank],
};

/** The table for the inner loop: `transitions[(state << 3) | kind]` is `state | event << 3`, so under 8 nothing happened. */
export const csvTransitions: Uint8Array = new Uint8Array(64);
for (const [name, row] of Object.entries(csvState)) {
  for (const [index, [next, event]] of movesOf(name).entries())
    csvTransitions[(row << 3) | index] = next | (event << 3);
}

function movesOf(name: string): readonly Move[] {
  return Object.entries(moves).find(([state]) => state === name)?.[1] ?? [];
}

/** The kind of each byte under a separator. */
export function csvKinds(delimiter: string): Uint8Array {
  const kinds = new Uint8Array(256);
  const special: readonly [string, number][] = [
    [' ', kind.blank],
    ['\t', kind.blank],
    ['"', kind.quote],
    ['\n', kind.lineFeed],
    ['\r', kind.carriageReturn],
    [delimiter, kind.delimiter],
  ];
  for (const [character, value] of special) kinds[character.charCodeAt(0)] = value;
  return kinds;
}
