import { csvEvent, csvKinds, csvState, csvTransitions } from './csv-grammar';

export interface SplitCsvOptions {
  delimiter: string;
  records: number;
  /** The bytes are the whole file, so that its last record needs no line end. */
  isWhole: boolean;
}

/** The first records of some CSV, by the same grammar as the scanner's; a record that is cut off is left out. */
export function splitCsv(bytes: Buffer, { delimiter, records, isWhole }: SplitCsvOptions): string[][] {
  const kinds = csvKinds(delimiter);
  const found: string[][] = [];
  let fields: string[] = [];
  let state: number = csvState.rowStart;
  let start = 0;
  for (let at = 0; at < bytes.length && found.length < records; at++) {
    const move = csvTransitions[(state << 3) | (kinds[bytes[at] ?? 0] ?? 0)] ?? 0;
    const event = move >> 3;
    if (event === csvEvent.field || event === csvEvent.row)
      fields.push(textOf(bytes.subarray(start, at), state));
    if (event === csvEvent.row) {
      found.push(fields);
      fields = [];
    }
    if (startsField.has(event)) start = at + 1;
    state = move & 7;
  }
  const isOpen = start < bytes.length || fields.length > 0;
  if (isWhole && isOpen && found.length < records)
    found.push([...fields, textOf(bytes.subarray(start), state)]);
  return found;
}

const startsField: ReadonlySet<number> = new Set([
  csvEvent.field,
  csvEvent.row,
  csvEvent.lineFeed,
  csvEvent.blankLine,
]);

function textOf(field: Buffer, state: number): string {
  const text = field.toString('utf8');
  return state === csvState.closing ? text.slice(1, -1).replaceAll('""', '"') : text;
}
