const lineFeed = 0x0a;

/**
 * Cuts text into its lines, each with its line end (LF, or CR LF), and lines of more bytes than `longest` into several
 * pieces, between two characters. All pieces joined are the text, and they do not depend on how its bytes arrive.
 */
export class TextLines {
  private readonly longest: number;
  private pending: Buffer = Buffer.alloc(0);

  constructor(longest: number) {
    this.longest = longest;
  }

  /** The pieces that end in these bytes. */
  push(chunk: Buffer): string[] {
    const bytes = this.pending.length > 0 ? Buffer.concat([this.pending, chunk]) : chunk;
    const pieces: string[] = [];
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      from = this.cut(bytes, from, end + 1, pieces);
      pieces.push(bytes.toString('utf8', from, end + 1));
      from = end + 1;
    }
    from = this.cut(bytes, from, bytes.length, pieces);
    this.pending = Buffer.from(bytes.subarray(from));
    return pieces;
  }

  /** The last piece, where no line end ends it. */
  end(): string[] {
    return this.pending.length > 0 ? [this.pending.toString('utf8')] : [];
  }

  /** Takes pieces off until what is left is short enough; the answer is where it begins. */
  private cut(bytes: Buffer, start: number, end: number, pieces: string[]): number {
    let from = start;
    while (end - from > this.longest) {
      const to = characterStart(bytes, from + this.longest);
      pieces.push(bytes.toString('utf8', from, to));
      from = to;
    }
    return from;
  }
}

/** The first byte of the character that has its byte here: later bytes of one are 10xxxxxx. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}
