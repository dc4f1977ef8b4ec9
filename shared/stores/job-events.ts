import type { JobEvent } from '../contracts/events';
import { ConditionFailedError } from '../errors/store-errors';
import type { RecordStore } from '../ports/record-store';
import type { JobRecord } from './job-record';

export interface JobEvents {
  /** Moves a job's news into its log; events that are there already are left alone. */
  keepNews(job: JobRecord): Promise<void>;
  /** The events behind `after`, oldest first. */
  read(
    job: JobRecord,
    page: { after: number; limit: number },
  ): Promise<{ events: JobEvent[]; hasMore: boolean }>;
}

const idDigits = 10;
const sortOf = (id: number) => String(id).padStart(idDigits, '0');
const partitionOf = ({ tenant, id }: JobRecord) => `tenant#${tenant}#job-events#${id}`;

/**
 * The log of a job, append-only, numbered 1, 2, 3, … without a gap. An event gets its number in the same conditional
 * write that moves the job, and rides in the job's record (`news`) until the next write, which first moves it here; so
 * a crash at any point neither loses an event, nor repeats one, nor leaves a hole.
 */
export function jobEvents(records: RecordStore): JobEvents {
  async function append(partition: string, event: JobEvent): Promise<void> {
    try {
      await records.put({ partition, sort: sortOf(event.id), value: event, expect: 'absent' });
    } catch (error) {
      // an earlier writer of the same news came this far
      if (!(error instanceof ConditionFailedError)) throw error;
    }
  }

  return {
    async keepNews(job) {
      for (const event of job.news) await append(partitionOf(job), event);
    },
    async read(job, { after, limit }) {
      const firstNews = job.news[0]?.id ?? job.last_event_id + 1;
      const kept =
        after + 1 < firstNews
          ? await records.list<JobEvent>({ partition: partitionOf(job), after: sortOf(after), limit })
          : { records: [] };
      const old = kept.records.map(({ value }) => value).filter(({ id }) => id < firstNews);
      const events = [...old, ...job.news.filter(({ id }) => id > after)].slice(0, limit);
      return { events, hasMore: (events.at(-1)?.id ?? after) < job.last_event_id };
    },
  };
}
