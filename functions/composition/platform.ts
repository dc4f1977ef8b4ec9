import { jobAttempts } from '../../shared/contracts/job';
import type { ServiceLog } from '../../shared/observability/logger';
import type { BatchRunner } from '../../shared/ports/batch-runner';
import type { Clock } from '../../shared/ports/clock';
import type { Ids } from '../../shared/ports/ids';
import type { KeyService } from '../../shared/ports/key-service';
import type { MessageQueue } from '../../shared/ports/message-queue';
import type { ModelRuntime } from '../../shared/ports/model-runtime';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { RecordStore } from '../../shared/ports/record-store';
import { datasetStore } from '../../shared/stores/dataset-store';
import { idempotencyStore } from '../../shared/stores/idempotency-store';
import type { JobBell } from '../../shared/stores/job-bell';
import { jobEvents } from '../../shared/stores/job-events';
import { jobStore } from '../../shared/stores/job-store';
import { keyStore } from '../../shared/stores/key-store';
import { modelRegistry } from '../../shared/stores/model-registry';
import { openJobs } from '../../shared/stores/open-jobs';

/** What every process of the API stands on. */
export interface Platform {
  records: RecordStore;
  keys: KeyService;
  clock: Clock;
  ids: Ids;
  log: ServiceLog;
  /** Where recorder and reader share a process, the reader wakes at once. */
  bell: JobBell;
}

export type WithObjects = Platform & { objects: ObjectStore };
export type WithRunner = WithObjects & { runner: BatchRunner };
export type WithJobQueue = WithRunner & { jobQueue: Pick<MessageQueue, 'send'> };
export type WithRuntime = WithObjects & {
  runtime: ModelRuntime;
  cache: { maximumBytes: number; maximumModels: number; threads: number };
};

/** The domain's rules over the platform's records. */
export function storesOf({ records, keys, clock, ids, bell }: Platform) {
  const events = jobEvents(records);
  const open = openJobs(records);
  return {
    events,
    open,
    jobs: jobStore({ records, events, open, bell }),
    datasets: datasetStore({ records, clock }),
    models: modelRegistry({ records, clock }),
    apiKeys: keyStore({ records, clock, ids }),
    idempotency: idempotencyStore({ records, keys, clock }),
  };
}

/** Bounds that dispatcher, sweeper and submission agree on. */
export interface JobLimits {
  attempts: number;
  claimTimeoutSeconds: number;
  resendAfterSeconds: number;
  settleAfterSeconds: number;
  maximumWaitSeconds: number;
  maximumReceives: number;
}

export const jobLimits: JobLimits = {
  attempts: jobAttempts,
  claimTimeoutSeconds: 120,
  resendAfterSeconds: 60,
  settleAfterSeconds: 60,
  maximumWaitSeconds: 86_400,
  maximumReceives: 5,
};

/** As in package.json; a test holds the two together. */
export const productVersion = '0.1.0';
