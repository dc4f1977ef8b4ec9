import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { IntegrityError } from '../../errors/store-errors';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a small value with AES-256-GCM: nonce (12), ciphertext, tag (16). The nonce is random, so one key should
 * seal at most 2^32 values (NIST SP 800-38D, 8.3). `context` is authenticated and not stored.
 */
export const seal = (key: Uint8Array, plaintext: Uint8Array, context: string): Uint8Array => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
};

/** Undoes `seal`; `IntegrityError` when the bytes, the key or the context are not those that were sealed. */
export const unseal = (key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array => {
  if (sealed.byteLength < nonceBytes + tagBytes) throw new IntegrityError('sealed bytes are cut short');
  const end = sealed.byteLength - tagBytes;
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(nonceBytes, end));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch (error) {
    throw new IntegrityError(
      'sealed bytes do not authenticate: they, their key or their context were changed',
      error,
    );
  }
};
