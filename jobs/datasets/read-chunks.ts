import { type FileHandle, open } from 'node:fs/promises';
import { InterruptedError } from '../../shared/errors/job-errors';

const chunkBytes = 1024 * 1024;
const longestTail = 3;

export interface ReadWatch {
  signal: AbortSignal;
  /** Told how many bytes were read so far. */
  onRead: (bytes: number) => void;
}

/** The first bytes of a file, at most this many. */
export async function readHead(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(Math.min(bytes, (await file.stat()).size));
    return head.subarray(0, await fill(file, head, 0));
  } finally {
    await file.close();
  }
}

/**
 * A file's bytes in order, in chunks that never end inside a UTF-8 sequence (a file that does end so has it in its last
 * chunk). One buffer is used again and again: what is to be kept must be copied.
 */
export async function* readChunks(path: string, { signal, onRead }: ReadWatch): AsyncIterable<Buffer> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(chunkBytes);
    let kept = 0;
    for (let read = await fill(file, buffer, kept); read > 0; read = await fill(file, buffer, kept)) {
      stopIfAborted(signal);
      const filled = kept + read;
      const tail = filled < buffer.length ? 0 : incompleteTail(buffer);
      yield buffer.subarray(0, filled - tail);
      onRead(read);
      buffer.copyWithin(0, filled - tail, filled);
      kept = tail;
    }
    if (kept > 0) yield buffer.subarray(0, kept);
  } finally {
    await file.close();
  }
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new InterruptedError('told to stop while reading the upload');
}

/** Fills the buffer from `start` to its end, or to the end of the file; the answer is how many bytes came. */
async function fill(file: FileHandle, buffer: Buffer, start: number): Promise<number> {
  let at = start;
  while (at < buffer.length) {
    const { bytesRead } = await file.read(buffer, at, buffer.length - at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at - start;
}

/** How many bytes at the end begin a UTF-8 sequence that is longer than what is there. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(longestTail, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

/** The length that a leading byte announces (RFC 3629, section 3). */
const sequenceLength = (leading: number): number => (leading >= 0xf0 ? 4 : leading >= 0xe0 ? 3 : 2);
