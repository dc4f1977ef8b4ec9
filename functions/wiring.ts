import type { z } from 'zod';
import { batchRunner } from '../shared/adapters/aws/batch-runner';
import { dynamodbClient, dynamodbRecordStore } from '../shared/adapters/aws/dynamodb-record-store';
import { jobSessionIssuer } from '../shared/adapters/aws/job-session-issuer';
import { kmsKeyService } from '../shared/adapters/aws/kms-key-service';
import { readSecret } from '../shared/adapters/aws/read-secret';
import { s3Client, s3ObjectStore } from '../shared/adapters/aws/s3-object-store';
import { sqsMessageQueue } from '../shared/adapters/aws/sqs-message-queue';
import {
  type Environment,
  type FunctionName,
  functionEnvironments,
  readEnvironment,
} from '../shared/config/env';
import { serviceLog } from '../shared/observability/logger';
import { systemClock } from '../shared/ports/clock';
import { ulidIds } from '../shared/ports/ids';
import { jobBell } from '../shared/stores/job-bell';
import type { Platform } from './composition/platform';

type SettingsOf<F extends FunctionName> = z.infer<(typeof functionEnvironments)[F]>;

export const settingsOf = <F extends FunctionName>(name: F, environment: Environment): SettingsOf<F> =>
  readEnvironment(functionEnvironments[name], environment) as SettingsOf<F>;

type Common = Pick<SettingsOf<'predict'>, 'INGOT_TABLE' | 'INGOT_KEY_ARN' | 'INGOT_LOG_LEVEL'>;

/** What every function stands on, on AWS. */
export const wirePlatform = (name: FunctionName, settings: Common): Platform => ({
  records: dynamodbRecordStore({ client: dynamodbClient(), tableName: settings.INGOT_TABLE }),
  keys: kmsKeyService({ keyId: settings.INGOT_KEY_ARN }),
  clock: systemClock,
  ids: ulidIds,
  log: serviceLog(name, settings.INGOT_LOG_LEVEL),
  bell: jobBell(),
});

export const wireObjects = (settings: { INGOT_BUCKET: string; INGOT_KEY_ARN: string }) =>
  s3ObjectStore({ client: s3Client(), bucket: settings.INGOT_BUCKET, keyId: settings.INGOT_KEY_ARN });

export const wireJobQueue = (settings: { INGOT_JOB_QUEUE_URL: string }) =>
  sqsMessageQueue({ queueUrl: settings.INGOT_JOB_QUEUE_URL });

type BatchNames = 'INGOT_CPU_QUEUE' | 'INGOT_CPU_DEFINITION' | 'INGOT_GPU_QUEUE' | 'INGOT_GPU_DEFINITION';

export const wireRunner = (settings: Record<BatchNames, string>) =>
  batchRunner({
    cpu: { queue: settings.INGOT_CPU_QUEUE, definition: settings.INGOT_CPU_DEFINITION },
    gpu: { queue: settings.INGOT_GPU_QUEUE, definition: settings.INGOT_GPU_DEFINITION },
  });

/** The admin key, read once per process. */
export const wireAdminKey = (settings: { INGOT_ADMIN_SECRET: string }): Promise<string> =>
  readSecret({ secretId: settings.INGOT_ADMIN_SECRET });

type SessionNames = 'INGOT_BUCKET_ARN' | 'INGOT_EVENT_QUEUE_ARN' | 'INGOT_KEY_ARN' | 'INGOT_JOB_SESSION_ROLE';

/** Credentials narrowed to one job's grant. */
export const wireJobSession = (settings: Record<SessionNames, string>) =>
  jobSessionIssuer({
    roleArn: settings.INGOT_JOB_SESSION_ROLE,
    resources: {
      bucketArn: settings.INGOT_BUCKET_ARN,
      eventQueueArn: settings.INGOT_EVENT_QUEUE_ARN,
      keyArn: settings.INGOT_KEY_ARN,
    },
  });
