import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dynamodbRecordStore } from '../../shared/adapters/aws/dynamodb-record-store';
import { openEmbeddedDynamodb } from '../../shared/adapters/embedded/embedded-dynamodb';
import { embeddedFolders } from '../../shared/adapters/embedded/embedded-folders';
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';
import { openFileMessageQueue } from '../../shared/adapters/embedded/file-message-queue';
import { openFileObjectStore } from '../../shared/adapters/embedded/file-object-store';
import { openRecordCipher } from '../../shared/adapters/embedded/record-cipher';
import type { SignedUrls } from '../../shared/adapters/embedded/signed-urls';
import { signedUrls } from '../../shared/adapters/embedded/signed-urls';
import { ConfigurationError } from '../../shared/errors/job-errors';
import type { KeyService } from '../../shared/ports/key-service';
import type { MessageQueue } from '../../shared/ports/message-queue';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { RecordStore } from '../../shared/ports/record-store';

/** The AWS account at home: every port on files under one folder, sealed under one key file. */
export interface EmbeddedCloud {
  keys: KeyService;
  objects: ObjectStore;
  /** What the runner keeps of its runs; out of every container's reach. */
  runs: ObjectStore;
  records: RecordStore;
  jobQueue: MessageQueue;
  eventQueue: MessageQueue;
  uploads: SignedUrls;
  close(): Promise<void>;
}

/** A new key for old data would only make sure that nothing is read again. */
function refuseLostKey({ masterKey, dataKeys }: ReturnType<typeof embeddedFolders>): void {
  if (existsSync(masterKey) || !existsSync(dataKeys)) return;
  throw new ConfigurationError(
    `the key file '${masterKey}' is missing, and the data beside it cannot be read without it: put its backup back, or set INGOT_HOME to a new folder`,
  );
}

export async function openEmbeddedCloud(home: string, baseUrl: string): Promise<EmbeddedCloud> {
  const folders = embeddedFolders(home);
  refuseLostKey(folders);
  const keys = await openFileKeyService(folders.masterKey);
  const uploads = signedUrls({ baseUrl, signingKey: keys.derive('upload-urls') });
  const cipher = (purpose: string) =>
    openRecordCipher({ keys, purpose, file: join(folders.dataKeys, purpose) });
  // before anything else is touched: it refuses a folder that another process serves
  const database = await openEmbeddedDynamodb(folders.records);
  try {
    const [objects, runs, records, messages] = await Promise.all([
      openFileObjectStore({ folder: folders.objects, keys, uploads }),
      openFileObjectStore({ folder: folders.runs, keys }),
      cipher('records'),
      cipher('messages'),
    ]);
    const [jobQueue, eventQueue] = await Promise.all([
      // one job that cannot be dispatched yet holds back no other of its tenant
      openFileMessageQueue({ folder: folders.jobQueue, cipher: messages, ordered: false }),
      openFileMessageQueue({ folder: folders.eventQueue, cipher: messages }),
    ]);
    return {
      keys,
      objects,
      runs,
      jobQueue,
      eventQueue,
      uploads,
      records: dynamodbRecordStore({
        client: database.client,
        tableName: database.tableName,
        cipher: records,
      }),
      async close() {
        await Promise.all([jobQueue.close(), eventQueue.close()]);
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
