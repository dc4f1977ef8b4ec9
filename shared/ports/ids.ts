import { webcrypto } from 'node:crypto';
import { monotonicFactory } from 'ulid';

export type IdPrefix = 'job' | 'ds' | 'key' | 'req' | 'run';

/** Prefixed, unique and sortable by time of creation: `job_01J9…`. */
export interface Ids {
  next(prefix: IdPrefix): string;
}

/** Randomness comes in blocks: a draw for each of an id's 16 characters costs more than the rest of a small request. */
const block = new Uint8Array(4_096);
let drawn = block.length;

function random(): number {
  if (drawn === block.length) {
    webcrypto.getRandomValues(block);
    drawn = 0;
  }
  return (block[drawn++] ?? 0) / 256;
}

const ulid = monotonicFactory(random);
export const ulidIds: Ids = { next: (prefix) => `${prefix}_${ulid()}` };
