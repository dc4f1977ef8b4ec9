import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const secretBytes = 32;
const saltBytes = 16;

/** A key as its holder sends it, taken apart: `ingot_<26 characters of its id>_<secret>`. */
export interface KeyParts {
  id: string;
  secret: string;
}

/** How a secret is kept: salt and digest in hex. */
export interface SecretHash {
  salt: string;
  hash: string;
}

const form = /^ingot_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/;

export function readKey(token: string): KeyParts | undefined {
  const [, id, secret] = form.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id: `key_${id}`, secret };
}

export const newSecret = (): string => randomBytes(secretBytes).toString('base64url');

export const writeKey = ({ id, secret }: KeyParts): string => `ingot_${id.replace(/^key_/, '')}_${secret}`;

const digest = (salt: string, secret: string) =>
  createHash('sha256').update(salt, 'hex').update(secret).digest();

/**
 * Salted SHA-256. Stretching (scrypt, Argon2) makes guessing a weak password dear; a secret of 256 random bits cannot be
 * guessed at any speed, and every request would pay for it.
 */
export function hashSecret(secret: string): SecretHash {
  const salt = randomBytes(saltBytes).toString('hex');
  return { salt, hash: digest(salt, secret).toString('hex') };
}

/** What a key that does not exist is compared with, so that an unknown id takes the same work as a wrong secret. */
const nobody: SecretHash = { salt: '00'.repeat(saltBytes), hash: '00'.repeat(32) };

/** In constant time; false for a key that is not there. */
export function isSecretOf(kept: SecretHash | undefined, secret: string): boolean {
  const { salt, hash } = kept ?? nobody;
  const equal = timingSafeEqual(digest(salt, secret), Buffer.from(hash, 'hex'));
  return equal && kept !== undefined;
}

/** Compares two texts of any length in constant time, by their digests. */
export function isSameText(left: string, right: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(left).digest(),
    createHash('sha256').update(right).digest(),
  );
}
