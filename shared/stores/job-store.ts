import type { ListRequest } from '../contracts/lists';
import type { RecordStore } from '../ports/record-store';
import { changeRecord } from './change-record';
import type { JobBell } from './job-bell';
import type { JobEvents } from './job-events';
import type { JobRecord } from './job-record';
import type { OpenJobs } from './open-jobs';

/** The job after a change, or undefined where there is nothing to change. */
export type JobChange = (job: JobRecord) => JobRecord | undefined;

export interface JobStore {
  /** `ConditionFailedError` where a job of that id exists. */
  create(job: JobRecord): Promise<void>;
  /** The id that a key stands for: this one, or the one that was reserved under the key before. */
  reserveId(tenant: string, key: string, id: string): Promise<string>;
  get(tenant: string, id: string): Promise<JobRecord | undefined>;
  list(tenant: string, page: ListRequest): Promise<{ jobs: JobRecord[]; hasMore: boolean }>;
  /**
   * Applies a pure change by a versioned write, again on what others wrote meanwhile; undefined where there is no such
   * job.
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

const keyOf = (tenant: string, id: string) => ({ partition: `tenant#${tenant}#job`, sort: id });

/** A tenant's jobs, in the order of their ids, which is the order of their making. */
export function jobStore({ records, events, open, bell }: JobStoreDependencies): JobStore {
  return {
    async create(job) {
      await open.add({ tenant: job.tenant, job_id: job.id, created_at: job.created_at });
      await records.put({ ...keyOf(job.tenant, job.id), value: job, expect: 'absent' });
      bell?.ring(job.id);
    },
    async reserveId(tenant, key, id) {
      const place = { partition: `tenant#${tenant}#job-key`, sort: key };
      const { after } = await changeRecord<string>(records, place, (taken) =>
        taken === undefined ? id : undefined,
      );
      return after ?? id;
    },
    async get(tenant, id) {
      return (await records.get<JobRecord>(keyOf(tenant, id)))?.value;
    },
    async list(tenant, { after, limit, order }) {
      const { partition } = keyOf(tenant, '');
      const page = { partition, limit, order, ...(after === undefined ? {} : { after }) };
      const found = await records.list<JobRecord>(page);
      return { jobs: found.records.map(({ value }) => value), hasMore: found.hasMore };
    },
    async update(tenant, id, change) {
      const { before, after } = await changeRecord<JobRecord>(records, keyOf(tenant, id), async (current) => {
        const next = current && change({ ...current, news: [] });
        // the news of the last write are in the log before this write forgets them
        if (current !== undefined && next !== undefined) await events.keepNews(current);
        return next;
      });
      if (after === undefined) return undefined;
      const changed = after !== before;
      if (changed) bell?.ring(id);
      return { job: after, changed };
    },
  };
}
