import { findInvalidText } from './find-invalid-text';
import type { IssueList } from './issue-list';
import { type ReadWatch, readChunks } from './read-chunks';
import { byteOrderMark } from './sniff-format';

/** Reads a text format byte by byte and knows where it is. */
export interface TextScanner {
  readonly line: number;
  readonly column?: string | undefined;
  push(bytes: Buffer): void;
  end(): void;
}

/**
 * Runs a whole file through a scanner, and notes the lines that are not UTF-8 on the way. Stops early where more errors
 * were found than are listed.
 */
export async function scanText(
  path: string,
  scanner: TextScanner,
  issues: IssueList,
  watch: ReadWatch,
): Promise<void> {
  const encoding = new EncodingCheck(scanner, issues);
  for await (const chunk of readChunks(path, watch)) {
    encoding.push(chunk);
    if (issues.truncated) return;
  }
  scanner.end();
}

class EncodingCheck {
  private readonly scanner: TextScanner;
  private readonly issues: IssueList;
  private offset = 0;
  private lastLine = 0;

  constructor(scanner: TextScanner, issues: IssueList) {
    this.scanner = scanner;
    this.issues = issues;
  }

  push(chunk: Buffer): void {
    let from = this.offset === 0 && chunk.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
    for (let at = findInvalidText(chunk, from); at >= 0; at = findInvalidText(chunk, endOfLine(chunk, at))) {
      this.scanner.push(chunk.subarray(from, at));
      this.note(chunk[at] ?? 0, this.offset + at);
      from = at;
      if (this.issues.truncated) return;
    }
    this.scanner.push(chunk.subarray(from));
    this.offset += chunk.length;
  }

  /** One error a line: a line of Latin-1 has many bytes that are not UTF-8, and one cause. */
  private note(byte: number, offset: number): void {
    const { line, column } = this.scanner;
    if (line === this.lastLine) return;
    this.lastLine = line;
    this.issues.add({
      line,
      ...(column === undefined ? {} : { column }),
      code: 'invalid_encoding',
      detail: invalidByte(byte, offset),
    });
  }
}

/** One error a line is enough, and to look for more in a long one would take the square of its length. */
function endOfLine(chunk: Buffer, from: number): number {
  const end = chunk.indexOf('\n', from);
  return end < 0 ? chunk.length : end;
}

/** Offsets count from 0. */
function invalidByte(byte: number, offset: number): string {
  const hex = `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  if (byte === 0)
    return `byte ${offset} is NUL (0x00), which no text holds; is this a binary file, or UTF-16? give UTF-8 text`;
  return `byte ${offset} (${hex}) is not UTF-8; the file looks like Latin-1 or Windows-1252: convert it, e.g. iconv -f WINDOWS-1252 -t UTF-8`;
}
