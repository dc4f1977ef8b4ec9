import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { IntegrityError } from '../errors/store-errors';
import type { KeyService } from '../ports/key-service';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** A text under a data key of its own, which lies wrapped beside it; all in base64. */
export interface SealedText {
  wrapped: string;
  sealed: string;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** A data key fetched ahead, so that sealing itself needs nobody. `context` is authenticated, and needed again to open. */
export async function sealer(
  keys: KeyService,
  context: Record<string, string>,
): Promise<(text: string) => SealedText> {
  const { plaintext, wrapped } = await keys.generateDataKey(context);
  return (text) => {
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, plaintext, nonce);
    const body = Buffer.concat([encryption.update(text, 'utf8'), encryption.final()]);
    return {
      wrapped: base64(wrapped),
      sealed: base64(Buffer.concat([nonce, encryption.getAuthTag(), body])),
    };
  };
}

/** `IntegrityError` where the text, its key or its context was changed. */
export async function openSealed(
  keys: KeyService,
  { wrapped, sealed }: SealedText,
  context: Record<string, string>,
): Promise<string> {
  const key = await keys.unwrapDataKey(Buffer.from(wrapped, 'base64'), context);
  const bytes = Buffer.from(sealed, 'base64');
  const decryption = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes));
  decryption.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  try {
    const body = bytes.subarray(nonceBytes + tagBytes);
    return Buffer.concat([decryption.update(body), decryption.final()]).toString('utf8');
  } catch (error) {
    throw new IntegrityError('a stored answer was changed', error);
  }
}
