import { createCipheriv, createDecipheriv } from 'node:crypto';
import { IntegrityError } from '../../errors/store-errors';

export const tagBytes = 16;
export const noncePrefixBytes = 7;

/** What a chunk is, inside its nonce: the last one differs, so that a shortened stream does not authenticate. */
const kinds = { body: 0, last: 1, metadata: 2 } as const;

export interface ChunkPlace {
  kind: keyof typeof kinds;
  /** Counts from 0 within the stream. */
  index: number;
}

/** Encrypts the chunks of one stream, each bound to its place: none can be cut off, moved, repeated or lent to another stream. */
export interface ChunkCipher {
  /** Ciphertext, then a tag of 16 bytes. */
  seal(plaintext: Uint8Array, place: ChunkPlace): Uint8Array[];
  /** `IntegrityError` when the chunk is not the one that was sealed at this place. */
  open(sealed: Uint8Array, place: ChunkPlace): Uint8Array;
}

const nonceOf = (prefix: Uint8Array, { kind, index }: ChunkPlace): Uint8Array => {
  const nonce = Buffer.alloc(noncePrefixBytes + 5);
  nonce.set(prefix);
  nonce.writeUInt32BE(index, noncePrefixBytes);
  nonce.writeUInt8(kinds[kind], noncePrefixBytes + 4);
  return nonce;
};

/**
 * The STREAM construction on AES-256-GCM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its
 * Nonce-Reuse Misuse-Resistance, 2015). A key serves one stream; `context` is authenticated with every chunk.
 */
export const chunkCipher = (key: Uint8Array, prefix: Uint8Array, context: Uint8Array): ChunkCipher => ({
  seal(plaintext, place) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(prefix, place)).setAAD(context);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return [ciphertext, cipher.getAuthTag()];
  },
  open(sealed, place) {
    const end = sealed.byteLength - tagBytes;
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(prefix, place), { authTagLength: tagBytes })
      .setAAD(context)
      .setAuthTag(sealed.subarray(end));
    const plaintext = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
    } catch (error) {
      throw new IntegrityError(`${place.kind} chunk ${place.index} does not authenticate`, error);
    }
    return plaintext;
  },
});
