import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dynamodbRecordStore } from '../../shared/adapters/aws/dynamodb-record-store';
import { openEmbeddedDynamodb } from '../../shared/adapters/embedded/embedded-dynamodb';
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';
import { openFileObjectStore } from '../../shared/adapters/embedded/file-object-store';
import { signedUrls } from '../../shared/adapters/embedded/signed-urls';
import type { Clock } from '../../shared/ports/clock';

export interface SteppedClock extends Clock {
  advance(seconds: number): void;
}

/** A clock that moves only when it is told to. */
export function steppedClock(start = '2026-01-01T00:00:00.000Z'): SteppedClock {
  let milliseconds = Date.parse(start);
  return {
    now: () => new Date(milliseconds),
    advance: (seconds) => {
      milliseconds += seconds * 1000;
    },
  };
}

/** A tenant of one test alone, so that tests share a store without meeting. */
export const aTenant = (): string => `t-${randomUUID().slice(0, 12)}`;

/** The embedded cloud's stores, in a folder of their own, under a clock that stands still. */
export async function openEmbeddedStores() {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-test-'));
  const clock = steppedClock();
  const dynamodb = await openEmbeddedDynamodb(join(folder, 'records'));
  const keyService = await openFileKeyService(join(folder, 'key'));
  const signingKey = keyService.derive('uploads');
  const uploads = signedUrls({ baseUrl: 'http://localhost:8787', signingKey, clock });
  return {
    clock,
    keyService,
    uploads,
    records: dynamodbRecordStore({ ...dynamodb, clock }),
    objects: await openFileObjectStore({ folder, keys: keyService, uploads, clock }),
    async close() {
      await dynamodb.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type EmbeddedStores = Awaited<ReturnType<typeof openEmbeddedStores>>;
