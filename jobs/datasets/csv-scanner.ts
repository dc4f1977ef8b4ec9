import { csvEvent, csvKinds, csvState, csvTransitions } from './csv-grammar';
import { ingestLimits } from './ingest-limits';
import type { IssueList } from './issue-list';

export interface CsvDialect {
  delimiter: string;
  /** The names of the header, whose number every row must have. */
  columns: readonly string[];
}

/**
 * Reads CSV byte by byte and notes every structural error with its place, in memory that does not grow with the file: it
 * keeps counts, never content. Rows, bytes of content and the longest row are what DuckDB's own reading is checked against.
 */
export class CsvScanner {
  /** Data rows, without the header. */
  rows = 0;
  /** Bytes inside all fields of data rows: without quotes, separators and line ends. */
  contentBytes = 0;
  longestRow = 0;
  /** As an editor counts, from 1; line breaks inside quotes count too. */
  line = 1;

  private readonly dialect: CsvDialect;
  private readonly issues: IssueList;
  private readonly kinds: Uint8Array;
  private state: number = csvState.rowStart;
  private offset = 0;
  private headerSeen = false;
  private field = 0;
  private fieldStart = 0;
  private fieldLine = 1;
  private rowStart = 0;
  private rowLine = 1;
  private rowContent = 0;
  private doubledQuotes = 0;
  private rowIsBroken = false;

  constructor(dialect: CsvDialect, issues: IssueList) {
    this.dialect = dialect;
    this.issues = issues;
    this.kinds = csvKinds(dialect.delimiter);
  }

  /** The column that the next byte belongs to. */
  get column(): string | undefined {
    return this.dialect.columns[this.field];
  }

  push(bytes: Uint8Array): void {
    const { kinds, offset } = this;
    let state = this.state;
    for (let at = 0; at < bytes.length; at++) {
      const move = csvTransitions[(state << 3) | (kinds[bytes[at] ?? 0] ?? 0)] ?? 0;
      if (move > 7) this.note(move >> 3, state, offset + at);
      state = move & 7;
    }
    this.state = state;
    this.offset = offset + bytes.length;
  }

  end(): void {
    const { state } = this;
    if (state === csvState.quoted || state === csvState.quotedReturn) this.noteUnterminated();
    else if (state !== csvState.rowStart && state !== csvState.afterReturn) this.endRow(state, this.offset);
  }

  private note(event: number, state: number, at: number): void {
    if (event === csvEvent.field) this.endField(state, at);
    else if (event === csvEvent.doubled) this.doubledQuotes++;
    else if (event === csvEvent.row) this.endLine(() => this.endRow(state, at), at);
    else if (event === csvEvent.innerLine) this.line++;
    else if (event === csvEvent.lineFeed) this.startRow(at + 1);
    else if (event === csvEvent.blankLine) this.endLine(() => this.noteBlankLine(), at);
    else this.noteStrayQuote(event);
  }

  private endLine(end: () => void, at: number): void {
    end();
    this.line++;
    this.startRow(at + 1);
  }

  private startRow(at: number): void {
    this.rowStart = at;
    this.rowLine = this.line;
    this.rowContent = 0;
    this.rowIsBroken = false;
    this.field = 0;
    this.startField(at);
  }

  private startField(at: number): void {
    this.fieldStart = at;
    this.fieldLine = this.line;
    this.doubledQuotes = 0;
  }

  private endField(state: number, at: number): void {
    const quotes = state === csvState.closing ? 2 + this.doubledQuotes : 0;
    const bytes = at - this.fieldStart - quotes;
    this.rowContent += bytes;
    if (bytes > ingestLimits.fieldBytes) this.noteLargeField(bytes);
    this.field++;
    this.startField(at + 1);
  }

  private endRow(state: number, at: number): void {
    this.endField(state, at);
    const bytes = at - this.rowStart;
    this.longestRow = Math.max(this.longestRow, bytes);
    if (bytes > ingestLimits.rowBytes) this.noteLargeRow(bytes);
    if (!this.headerSeen) {
      this.headerSeen = true;
      return;
    }
    this.rows++;
    this.contentBytes += this.rowContent;
    if (this.field !== this.dialect.columns.length && !this.rowIsBroken) this.noteRagged(this.field);
  }

  /** In a file of one column a blank line is a missing value; in others it is nothing, but the header must come first. */
  private noteBlankLine(): void {
    if (this.headerSeen && this.dialect.columns.length === 1) this.rows++;
    if (this.headerSeen || this.line > 1) return;
    const detail =
      'the first line is blank, and the names of the columns belong there; take blank lines out above them';
    this.issues.add({ line: 1, code: 'blank_column_name', detail });
  }

  private noteRagged(fields: number): void {
    const expected = this.dialect.columns.length;
    const remedy =
      fields < expected
        ? 'add the fields that lack (an empty one is a missing value), or quote a field that holds a line break'
        : `take out the surplus, or quote a field that holds the separator ${nameOf(this.dialect.delimiter)}`;
    this.issues.add({
      line: this.rowLine,
      code: 'ragged_row',
      detail: `this row has ${fields} field${fields === 1 ? '' : 's'} and the header has ${expected}; ${remedy}`,
    });
  }

  private noteLargeField(bytes: number): void {
    this.noteInField(
      'field_too_large',
      `this field has ${bytes} bytes and at most ${ingestLimits.fieldBytes} are allowed; shorten it, or look for a quote that is missing`,
    );
  }

  private noteLargeRow(bytes: number): void {
    this.issues.add({
      line: this.rowLine,
      code: 'field_too_large',
      detail: `this row has ${bytes} bytes and at most ${ingestLimits.rowBytes} are allowed; shorten its fields, or look for a quote that is missing`,
    });
  }

  private noteStrayQuote(event: number): void {
    if (this.rowIsBroken) return;
    this.rowIsBroken = true;
    const what =
      event === csvEvent.quoteAfterBlank
        ? 'blanks stand before the opening quote of this field; take them out'
        : 'text stands after the closing quote of this field; write a quote that belongs to the text twice ("")';
    this.noteInField('stray_quote', what);
  }

  private noteUnterminated(): void {
    this.noteInField(
      'unterminated_quote',
      'the quote that opens this field is never closed; close it, or write a quote that belongs to the text twice ("")',
    );
  }

  private noteInField(code: 'field_too_large' | 'stray_quote' | 'unterminated_quote', detail: string): void {
    const { fieldLine: line } = this;
    const column = this.headerSeen ? this.column : undefined;
    this.issues.add({ line, ...(column === undefined ? {} : { column }), code, detail });
  }
}

const nameOf = (delimiter: string): string => (delimiter === '\t' ? 'tab' : `'${delimiter}'`);
