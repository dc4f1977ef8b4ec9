import type { FileHandle } from 'node:fs/promises';
import { IntegrityError } from '../../errors/store-errors';
import { tagBytes } from './chunk-cipher';
import { blame, type ObjectFile, sealedChunkBytes } from './object-file';

const chunksARead = 16;

const readFully = async (handle: FileHandle, position: number, length: number): Promise<Uint8Array> => {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new IntegrityError('it ends too early');
    filled += bytesRead;
  }
  return buffer;
};

/** Yields the plaintext chunk by chunk; no byte is given out that did not authenticate. */
export async function* readObjectBody(handle: FileHandle, file: ObjectFile): AsyncGenerator<Uint8Array> {
  const { info, cipher, bodyStart, chunks } = file;
  const sealedBytes = info.bytes + chunks * tagBytes;
  try {
    for (let first = 0; first < chunks; first += chunksARead) {
      const from = first * sealedChunkBytes;
      const block = await readFully(
        handle,
        bodyStart + from,
        Math.min(chunksARead * sealedChunkBytes, sealedBytes - from),
      );
      for (let at = 0; at < block.byteLength; at += sealedChunkBytes) {
        const index = first + at / sealedChunkBytes;
        const kind = index === chunks - 1 ? 'last' : 'body';
        yield cipher.open(block.subarray(at, at + sealedChunkBytes), { kind, index });
      }
    }
  } catch (error) {
    throw blame(info.key, error);
  }
}
