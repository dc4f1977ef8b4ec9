import { types } from 'node:util';
import { checkColumnCount } from './check-column-names';
import { ingestLimits } from './ingest-limits';
import type { IssueList } from './issue-list';
import { type ColumnForm, checkMembers, isPlain, type JsonObject, type Member } from './json-members';

const lineFeed = 0x0a;
/** White space as JSON has it (RFC 8259, section 2). */
const blankLine = /^[ \t\r]*$/;

/** Reads JSONL line by line and notes every error with its line; holds one line at a time and the names of the columns. */
export class JsonlScanner {
  /** Lines that are not blank. */
  rows = 0;
  /** In bytes. */
  longestRow = 0;
  /** From 1. */
  line = 1;
  /** In the order in which their keys first appear, each with the form of its values. */
  readonly columns = new Map<string, ColumnForm>();

  private readonly issues: IssueList;
  private pieces: Buffer[] = [];
  private pendingBytes = 0;

  constructor(issues: IssueList) {
    this.issues = issues;
  }

  push(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      this.endLine(bytes.subarray(from, end));
      from = end + 1;
      if (this.issues.truncated) return;
    }
    this.keep(bytes.subarray(from));
  }

  end(): void {
    this.endLine(Buffer.alloc(0));
  }

  /** Of a line that is too long only the length is kept. */
  private keep(bytes: Buffer): void {
    this.pendingBytes += bytes.length;
    if (this.pendingBytes > ingestLimits.rowBytes) this.pieces = [];
    else if (bytes.length > 0) this.pieces.push(Buffer.from(bytes));
  }

  private endLine(rest: Buffer): void {
    const bytes = this.pendingBytes + rest.length;
    if (bytes > ingestLimits.rowBytes) this.note('field_too_large', tooLong(bytes));
    else this.readLine(this.pieces.length === 0 ? rest : Buffer.concat([...this.pieces, rest]));
    this.longestRow = Math.max(this.longestRow, bytes);
    this.pieces = [];
    this.pendingBytes = 0;
    this.line++;
  }

  private readLine(bytes: Buffer): void {
    const text = bytes.toString('utf8');
    if (blankLine.test(text)) return;
    this.rows++;
    const object = this.parse(text);
    if (!object || isPlain(bytes, object, this.columns)) return;
    for (const member of checkMembers(text, object, this.columns)) this.noteMember(member);
  }

  private parse(text: string): JsonObject | undefined {
    try {
      const value: unknown = JSON.parse(text);
      if (isObject(value)) return value;
      this.note(
        'not_an_object',
        `this line is ${nameOf(value)}; write one JSON object per line, such as {"column": 1}`,
      );
    } catch (error) {
      this.note(
        'invalid_json',
        `this line is not valid JSON${whatOf(error)}; write each object whole on one line`,
      );
    }
    return undefined;
  }

  private noteMember({ key, form, issue }: Member): void {
    if (issue) this.issues.add({ line: this.line, column: key, ...issue });
    const above = this.columns.get(key);
    if (above === undefined || above === 'unknown') this.columns.set(key, form);
    if (above !== undefined) return;
    if (this.columns.size === ingestLimits.columns + 1)
      checkColumnCount(this.columns.size, this.issues, this.line);
  }

  private note(code: 'field_too_large' | 'not_an_object' | 'invalid_json', detail: string): void {
    this.issues.add({ line: this.line, code, detail });
  }
}

const tooLong = (bytes: number): string =>
  `this line has ${bytes} bytes and at most ${ingestLimits.rowBytes} are allowed; shorten its values, or write one object per line`;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return value === null ? 'null' : `a ${typeof value}`;
}

/** The parser's own words may quote the data: only those are repeated that do not, or the character that it stumbled on. */
function whatOf(error: unknown): string {
  const message = types.isNativeError(error) ? error.message : '';
  const [, token] = /^Unexpected token '?(.)'?/su.exec(message) ?? [];
  if (token) return `: unexpected '${token}'`;
  const [, reason, position] = /^(.*) in JSON at position (\d+)/su.exec(message) ?? [];
  if (reason) return `: ${reason.toLowerCase()} at character ${Number(position) + 1}`;
  return message.includes('end of JSON') ? ': it ends too early' : '';
}
