import { monotonicFactory } from 'ulid';

export type IdPrefix = 'job' | 'ds' | 'key' | 'req' | 'run';

/** Prefixed, unique and sortable by time of creation: `job_01J9…`. */
export interface Ids {
  next(prefix: IdPrefix): string;
}

const ulid = monotonicFactory();
export const ulidIds: Ids = { next: (prefix) => `${prefix}_${ulid()}` };
