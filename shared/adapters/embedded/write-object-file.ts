import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { IntegrityError } from '../../errors/store-errors';
import type { KeyService } from '../../ports/key-service';
import type { ObjectBody, ObjectInfo } from '../../ports/object-store';
import { noncePrefixBytes } from './chunk-cipher';
import {
  chunkBytes,
  cipherOf,
  contextOf,
  encodeMetadata,
  headerOf,
  metadataPlace,
  sealedChunkBytes,
  sealedMetadataBytes,
} from './object-file';

const chunksAWrite = 16;

export interface ObjectWrite {
  key: string;
  body: ObjectBody;
  /** The digest that the body must have. */
  sha256?: string | undefined;
  modifiedAt: Date;
}

async function* piecesOf(body: ObjectBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/** Cuts a body into chunks of 64 KiB; only the last is shorter, and it may be empty. The yielded buffer is used again. */
async function* inChunks(body: ObjectBody): AsyncGenerator<{ chunk: Uint8Array; last: boolean }> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let filled = 0;
  for await (const piece of piecesOf(body)) {
    for (let from = 0; from < piece.byteLength; ) {
      if (filled === chunkBytes) {
        yield { chunk: buffer, last: false };
        filled = 0;
      }
      const taken = piece.subarray(from, from + chunkBytes - filled);
      buffer.set(taken, filled);
      filled += taken.byteLength;
      from += taken.byteLength;
    }
  }
  yield { chunk: buffer.subarray(0, filled), last: true };
}

/** Collects small writes into one; `bytes` given to `add` are copied. */
const gathering = (handle: FileHandle) => {
  const buffer = Buffer.allocUnsafe(chunksAWrite * sealedChunkBytes);
  let filled = 0;
  const flush = async () => {
    await handle.writeFile(buffer.subarray(0, filled));
    filled = 0;
  };
  const add = async (parts: readonly Uint8Array[]) => {
    for (const part of parts) {
      if (filled + part.byteLength > buffer.byteLength) await flush();
      buffer.set(part, filled);
      filled += part.byteLength;
    }
  };
  return { add, flush };
};

const holdToDigest = (write: ObjectWrite, sha256: string) => {
  if (write.sha256 !== undefined && write.sha256 !== sha256)
    throw new IntegrityError(
      `the body of '${write.key}' has the sha256 ${sha256}, not ${write.sha256}: nothing was stored`,
    );
};

/** Writes an object's file, encrypted under a fresh data key, in one pass over the body and with bounded memory. */
export const writeObjectFile = async (
  handle: FileHandle,
  write: ObjectWrite,
  keys: KeyService,
): Promise<ObjectInfo> => {
  const { plaintext: dataKey, wrapped } = await keys.generateDataKey(contextOf(write.key));
  const header = headerOf(wrapped, randomBytes(noncePrefixBytes));
  const cipher = cipherOf(dataKey, header, write.key);
  const digest = createHash('sha256');
  const file = gathering(handle);
  await file.add([header, Buffer.alloc(sealedMetadataBytes)]);
  let bytes = 0;
  let index = 0;
  for await (const { chunk, last } of inChunks(write.body)) {
    digest.update(chunk);
    bytes += chunk.byteLength;
    await file.add(cipher.seal(chunk, { kind: last ? 'last' : 'body', index }));
    index += 1;
  }
  await file.flush();
  const info = { key: write.key, bytes, sha256: digest.digest('hex'), modifiedAt: write.modifiedAt };
  holdToDigest(write, info.sha256);
  const metadata = Buffer.concat(cipher.seal(encodeMetadata(info), metadataPlace));
  await handle.write(metadata, 0, metadata.byteLength, header.byteLength);
  return info;
};
