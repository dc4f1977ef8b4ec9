import { setTimeout as pause } from 'node:timers/promises';
import { ConditionFailedError } from '../errors/store-errors';
import type { RecordKey, RecordStore } from '../ports/record-store';

const attempts = 20;
const longestPauseMilliseconds = 50;

/** What a record becomes, made from what it is (undefined: it is not there); undefined where it stays as it is. */
export type RecordChange<T> = (current: T | undefined) => T | undefined | Promise<T | undefined>;

/** What the record was before the change, and what it is behind it. */
export interface ChangedRecord<T> {
  before: T | undefined;
  after: T | undefined;
}

async function write<T>(records: RecordStore, key: RecordKey, next: { value: T; expect: 'absent' | number }) {
  try {
    await records.put({ ...key, ...next });
    return true;
  } catch (error) {
    if (error instanceof ConditionFailedError) return false;
    throw error;
  }
}

/**
 * Changes one record by a versioned write, again on what others wrote meanwhile; so `change` may run several times, and
 * what it throws leaves the record alone.
 */
export async function changeRecord<T>(
  records: RecordStore,
  key: RecordKey,
  change: RecordChange<T>,
): Promise<ChangedRecord<T>> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const stored = await records.get<T>(key);
    const next = await change(stored?.value);
    if (next === undefined) return { before: stored?.value, after: stored?.value };
    const expect = stored?.version ?? 'absent';
    if (await write(records, key, { value: next, expect })) return { before: stored?.value, after: next };
    await pause(Math.random() * longestPauseMilliseconds);
  }
  throw new ConditionFailedError(`'${key.sort}'`);
}
