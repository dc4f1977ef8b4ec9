import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { UnauthenticatedError } from '../../shared/errors/access-errors';
import type { JobRecord } from '../../shared/stores/job-record';

const digest = (token: string) => createHash('sha256').update(token).digest();

/** 256 random bits that a container proves itself with; the record keeps only their SHA-256. */
export function newJobToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: digest(token).toString('hex') };
}

/** Refuses whoever does not know a token of this job, in the same time whichever one it was compared with. */
export function requireJobToken(job: JobRecord | undefined, token: string): asserts job is JobRecord {
  const given = digest(token);
  const hashes = job?.run?.token_hashes ?? [];
  const matches = hashes.filter((hash) => timingSafeEqual(Buffer.from(hash, 'hex'), given));
  if (matches.length === 0) throw new UnauthenticatedError('this is no token of that job');
}
