import type { FileHandle } from 'node:fs/promises';
import { IntegrityError } from '../../errors/store-errors';
import type { KeyService } from '../../ports/key-service';
import type { ObjectInfo } from '../../ports/object-store';
import { type ChunkCipher, chunkCipher, noncePrefixBytes, tagBytes } from './chunk-cipher';

/*
 * An object's file:
 *   magic (8) | length of the wrapped data key, big-endian (2) | wrapped data key | nonce prefix (7)   the header
 *   bytes (8) | modified, in ms since 1970 (8) | sha256 (32), sealed: 64 bytes                        the metadata
 *   64 KiB of plaintext each, the last one shorter, sealed: 16 bytes more each                        the body
 * The metadata has a fixed place and size, so it is written last, when the digest is known, and read without the body.
 */
const magic = Buffer.from('INGOTOB1');
const metadataBytes = 48;
const fixedBytes = magic.byteLength + 2;
const longestHeader = 4096;

export const chunkBytes = 64 * 1024;
export const sealedChunkBytes = chunkBytes + tagBytes;

export interface ObjectFile {
  info: ObjectInfo;
  cipher: ChunkCipher;
  /** Where the body begins. */
  bodyStart: number;
  chunks: number;
}

/** What a wrapped data key is bound to: the same file under another key does not open. */
export const contextOf = (key: string): Record<string, string> => ({ object: key });

export const headerOf = (wrapped: Uint8Array, prefix: Uint8Array): Uint8Array => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(wrapped.byteLength);
  return Buffer.concat([magic, length, wrapped, prefix]);
};

/** The cipher of one object: header and key are authenticated with every chunk. */
export const cipherOf = (dataKey: Uint8Array, header: Uint8Array, key: string): ChunkCipher =>
  chunkCipher(dataKey, header.subarray(-noncePrefixBytes), Buffer.concat([header, Buffer.from(key)]));

/** The chunks of a body; an empty one has a single empty chunk. */
const chunksOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / chunkBytes));
export const metadataPlace = { kind: 'metadata', index: 0 } as const;
export const sealedMetadataBytes = metadataBytes + tagBytes;

export const encodeMetadata = (info: ObjectInfo): Uint8Array => {
  const metadata = Buffer.alloc(metadataBytes);
  metadata.writeBigUInt64BE(BigInt(info.bytes), 0);
  metadata.writeBigUInt64BE(BigInt(info.modifiedAt.getTime()), 8);
  metadata.write(info.sha256, 16, 'hex');
  return metadata;
};

const decodeMetadata = (key: string, bytes: Uint8Array): ObjectInfo => {
  const metadata = Buffer.from(bytes);
  return {
    key,
    bytes: Number(metadata.readBigUInt64BE(0)),
    sha256: metadata.toString('hex', 16),
    modifiedAt: new Date(Number(metadata.readBigUInt64BE(8))),
  };
};

const parseHeader = (start: Buffer): Uint8Array => {
  const end =
    start.byteLength < fixedBytes
      ? Infinity
      : fixedBytes + start.readUInt16BE(magic.byteLength) + noncePrefixBytes;
  if (!start.subarray(0, magic.byteLength).equals(magic) || end + sealedMetadataBytes > start.byteLength)
    throw new IntegrityError('its header is not one of an object');
  return start.subarray(0, end);
};

const readStart = async (handle: FileHandle): Promise<Buffer> => {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestHeader), 0, longestHeader, 0);
  return buffer.subarray(0, bytesRead);
};

/** Reads header and metadata, and holds the file to the size that they tell. */
const parse = async (handle: FileHandle, key: string, keys: KeyService): Promise<ObjectFile> => {
  const start = await readStart(handle);
  const header = parseHeader(start);
  const bodyStart = header.byteLength + sealedMetadataBytes;
  const dataKey = await keys.unwrapDataKey(header.subarray(fixedBytes, -noncePrefixBytes), contextOf(key));
  const cipher = cipherOf(dataKey, header, key);
  const info = decodeMetadata(key, cipher.open(start.subarray(header.byteLength, bodyStart), metadataPlace));
  const chunks = chunksOf(info.bytes);
  if ((await handle.stat()).size !== bodyStart + info.bytes + chunks * tagBytes)
    throw new IntegrityError('its size is not the size that was written');
  return { info, cipher, bodyStart, chunks };
};

/** Names the object in whatever shows that its file was tampered with. */
export const blame = (key: string, error: unknown): unknown =>
  error instanceof IntegrityError
    ? new IntegrityError(`the stored object '${key}' was changed: ${error.message}`, error)
    : error;

/** Opens an object's file without reading its body; `IntegrityError` where file, key or key service do not fit. */
export const readObjectFile = async (
  handle: FileHandle,
  key: string,
  keys: KeyService,
): Promise<ObjectFile> => {
  try {
    return await parse(handle, key, keys);
  } catch (error) {
    throw blame(key, error);
  }
};
