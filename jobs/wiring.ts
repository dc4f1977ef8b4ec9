import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import {
  awsContainerEnvironment,
  type containerEnvironment,
  type Environment,
  embeddedContainerEnvironment,
  readEnvironment,
} from '../shared/config/env';
import type { JobGrant } from '../shared/contracts/job-files';
import type { MessageQueue } from '../shared/ports/message-queue';
import type { ModelRuntime } from '../shared/ports/model-runtime';
import type { ObjectStore } from '../shared/ports/object-store';

export interface WiredContainer {
  /** For the run order alone, which names the grant. */
  store: ObjectStore;
  /** For everything else. */
  storeGranted: (grant: JobGrant) => ObjectStore;
  queue: Pick<MessageQueue, 'send'>;
  runtime: ModelRuntime;
  /** Where this run may write files. */
  scratchRoot: string;
}

type Settings = z.infer<typeof containerEnvironment>;

/** What computes, for a job and for its parts, which need nothing else; denormals are kept where time is taken as in serving. */
export async function containerRuntime({ flushDenormals = true } = {}): Promise<ModelRuntime> {
  const { onnxModelRuntime } = await import('../shared/adapters/onnxruntime/onnx-model-runtime');
  return onnxModelRuntime({ flushDenormals });
}

async function wireEmbedded(environment: Environment): Promise<WiredContainer> {
  const { INGOT_HOME: home } = readEnvironment(embeddedContainerEnvironment, environment);
  const { embeddedFolders } = await import('../shared/adapters/embedded/embedded-folders');
  const { openFileKeyService } = await import('../shared/adapters/embedded/file-key-service');
  const { openFileMessageQueue } = await import('../shared/adapters/embedded/file-message-queue');
  const { openFileObjectStore } = await import('../shared/adapters/embedded/file-object-store');
  const { openRecordCipher } = await import('../shared/adapters/embedded/record-cipher');
  const { grantedObjectStore } = await import('../shared/adapters/embedded/granted-object-store');
  const folders = embeddedFolders(home);
  const keys = await openFileKeyService(folders.masterKey);
  const cipher = await openRecordCipher({
    keys,
    purpose: 'messages',
    file: join(folders.dataKeys, 'messages'),
  });
  const store = await openFileObjectStore({ folder: folders.objects, keys });
  await mkdir(folders.scratch, { recursive: true, mode: 0o700 });
  return {
    store,
    storeGranted: (grant) => grantedObjectStore(store, grant),
    queue: await openFileMessageQueue({ folder: folders.eventQueue, cipher }),
    runtime: await containerRuntime(),
    scratchRoot: folders.scratch,
  };
}

/** Without a grant of its own to keep: on AWS the session's credentials are the grant. */
async function wireAws(environment: Environment): Promise<WiredContainer> {
  const settings = readEnvironment(awsContainerEnvironment, environment);
  const { vendedCredentials } = await import('../shared/adapters/aws/vended-credentials');
  const { s3Client, s3ObjectStore } = await import('../shared/adapters/aws/s3-object-store');
  const { sqsMessageQueue } = await import('../shared/adapters/aws/sqs-message-queue');
  const credentials = vendedCredentials({
    functionName: settings.INGOT_CREDENTIALS_FUNCTION,
    request: {
      tenant: settings.INGOT_TENANT,
      job_id: settings.INGOT_JOB_ID,
      attempt: settings.AWS_BATCH_JOB_ATTEMPT,
      token: settings.INGOT_JOB_TOKEN,
    },
  });
  const client = s3Client({ credentials });
  const store = s3ObjectStore({ client, bucket: settings.INGOT_BUCKET, keyId: settings.INGOT_KEY_ARN });
  return {
    store,
    storeGranted: () => store,
    queue: sqsMessageQueue({ queueUrl: settings.INGOT_EVENT_QUEUE_URL, connection: { credentials } }),
    runtime: await containerRuntime(),
    scratchRoot: tmpdir(),
  };
}

/** The adapters of the cloud that this container runs in; only those are loaded. */
export const wireContainer = (settings: Settings, environment: Environment): Promise<WiredContainer> =>
  ({ aws: wireAws, embedded: wireEmbedded })[settings.INGOT_CLOUD](environment);
