import { setTimeout as pause } from 'node:timers/promises';
import type { ListRequest } from '../contracts/lists';
import { ConditionFailedError } from '../errors/store-errors';
import type { RecordStore, StoredRecord } from '../ports/record-store';
import type { JobBell } from './job-bell';
import type { JobEvents } from './job-events';
import type { JobRecord } from './job-record';
import type { OpenJobs } from './open-jobs';

/** The job after a change, or undefined where there is nothing to change. */
export type JobChange = (job: JobRecord) => JobRecord | undefined;

export interface JobStore {
  /** `ConditionFailedError` where a job of that id exists. */
  create(job: JobRecord): Promise<void>;
  get(tenant: string, id: string): Promise<JobRecord | undefined>;
  list(tenant: string, page: ListRequest): Promise<{ jobs: JobRecord[]; hasMore: boolean }>;
  /**
   * Applies a pure change by a versioned write, again and again on what others wrote meanwhile; undefined where there is
   * no such job.
   */
  update(
    tenant: string,
    id: string,
    change: JobChange,
  ): Promise<{ job: JobRecord; changed: boolean } | undefined>;
}

export interface JobStoreDependencies {
  records: RecordStore;
  events: JobEvents;
  open: OpenJobs;
  bell?: JobBell;
}

const attempts = 10;
const longestPauseMilliseconds = 100;

const partitionOf = (tenant: string) => `tenant#${tenant}#job`;

/** A tenant's jobs, in the order of their ids, which is the order of their making. */
export function jobStore({ records, events, open, bell }: JobStoreDependencies): JobStore {
  const read = (tenant: string, id: string) =>
    records.get<JobRecord>({ partition: partitionOf(tenant), sort: id });

  async function replace(stored: StoredRecord<JobRecord>, job: JobRecord): Promise<boolean> {
    try {
      const { partition, sort, version } = stored;
      await records.put({ partition, sort, value: job, expect: version });
      return true;
    } catch (error) {
      if (error instanceof ConditionFailedError) return false;
      throw error;
    }
  }

  return {
    async create(job) {
      await open.add({ tenant: job.tenant, job_id: job.id, created_at: job.created_at });
      await records.put({ partition: partitionOf(job.tenant), sort: job.id, value: job, expect: 'absent' });
      bell?.ring(job.id);
    },
    async get(tenant, id) {
      return (await read(tenant, id))?.value;
    },
    async list(tenant, { after, limit, order }) {
      const partition = partitionOf(tenant);
      const page = { partition, limit, order, ...(after === undefined ? {} : { after }) };
      const found = await records.list<JobRecord>(page);
      return { jobs: found.records.map(({ value }) => value), hasMore: found.hasMore };
    },
    async update(tenant, id, change) {
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const stored = await read(tenant, id);
        if (stored === undefined) return undefined;
        // the news of the last write are in the log before this write forgets them
        const next = change({ ...stored.value, news: [] });
        if (next === undefined) return { job: stored.value, changed: false };
        await events.keepNews(stored.value);
        if (await replace(stored, next)) {
          bell?.ring(id);
          return { job: next, changed: true };
        }
        await pause(Math.random() * longestPauseMilliseconds);
      }
      throw new ConditionFailedError(`job '${id}'`);
    },
  };
}
