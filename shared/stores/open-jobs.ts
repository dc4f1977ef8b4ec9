import type { RecordStore } from '../ports/record-store';

/** A job that may not have ended yet. */
export interface OpenJob {
  tenant: string;
  job_id: string;
  created_at: string;
}

export interface OpenJobs {
  add(job: OpenJob): Promise<void>;
  remove(jobId: string): Promise<void>;
  /** Oldest first; reads on page by page. */
  all(): AsyncIterable<OpenJob>;
  /** How many of a tenant's jobs are open, counted up to `atMost`. */
  count(tenant: string, atMost: number): Promise<number>;
}

const partition = 'open-jobs';
const pageSize = 200;
const pagesCounted = 5;

/**
 * The index of jobs that somebody has to look after. An entry is written before its job and removed after everything
 * that the job's end asks for was done, so it may name a job that is not there or has ended, but never misses one.
 */
export function openJobs(records: RecordStore): OpenJobs {
  async function* pages(): AsyncGenerator<OpenJob[]> {
    let after: string | undefined;
    for (let hasMore = true; hasMore; ) {
      const page = await records.list<OpenJob>({
        partition,
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      yield page.records.map(({ value }) => value);
      after = page.records.at(-1)?.sort;
      hasMore = page.hasMore && after !== undefined;
    }
  }

  return {
    async add(job) {
      await records.put({ partition, sort: job.job_id, value: job, expect: 'any' });
    },
    remove: (jobId) => records.remove({ partition, sort: jobId }),
    async *all() {
      for await (const page of pages()) yield* page;
    },
    async count(tenant, atMost) {
      let found = 0;
      let read = 0;
      for await (const page of pages()) {
        found += page.filter((job) => job.tenant === tenant).length;
        read += 1;
        if (found >= atMost || read === pagesCounted) break;
      }
      return Math.min(found, atMost);
    },
  };
}
