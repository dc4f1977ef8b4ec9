import type { JobEvent, RunEvent } from '../contracts/events';
import type { Job, JobKind, JobResources, JobState } from '../contracts/job';
import { jobTransitions } from '../contracts/job';
import type { JobGrant } from '../contracts/job-files';

/** The run that a job was given, from the moment a dispatcher claims the job. */
export interface JobRun {
  /** The runner's id; absent until the runner, or the first event of the run, has told it. */
  id?: string;
  /** When a dispatcher last took the job in hand; absent when it gave it back. */
  claimed_at?: string;
  /**
   * SHA-256 of every token made for this job, in hex, newest last. A dispatcher that dies after its submit leaves a run
   * behind that knows an older token, and the runner then gives that same run to the next dispatcher.
   */
  token_hashes: readonly string[];
  grant: JobGrant;
}

/** A job as it is stored: what callers see, and what moves it. */
export interface JobRecord extends Omit<Job, 'object' | 'kind'> {
  tenant: string;
  kind: JobKind;
  run?: JobRun;
  /** The run's end, believed and written down before its effects are applied; from then on nothing else moves the job. */
  ending?: RunEvent;
  /** The newest container event that was applied. */
  heard: { attempt: number; sequence: number };
  /** When the newest `waiting` event happened, so that a late one does not bring an old reason back. */
  reason_at?: string;
  /** When a dispatch message was last sent. */
  sent_at: string;
  last_event_id: number;
  /** The newest events of the job's log: they ride here until the next write moves them there. */
  news: readonly JobEvent[];
}

export interface NewJob {
  id: string;
  tenant: string;
  kind: JobKind;
  name?: string | undefined;
  spec: Record<string, unknown>;
  resources: JobResources;
  timeoutSeconds: number;
  /** How long it may wait, beside the time that it may run. */
  maximumWaitSeconds: number;
  reason: string;
  now: Date;
}

const after = (moment: Date, seconds: number) => new Date(moment.getTime() + seconds * 1_000).toISOString();

/** A job's first record: queued, with the reason it waits and the moment by which it must have ended. */
export function newJobRecord(job: NewJob): JobRecord {
  const at = job.now.toISOString();
  const { id, tenant, kind, spec, resources, reason } = job;
  return {
    id,
    tenant,
    kind,
    spec,
    resources,
    reason,
    ...(job.name === undefined ? {} : { name: job.name }),
    state: 'queued',
    attempt: 0,
    progress: { fraction: 0, metrics: {} },
    created_at: at,
    deadline_at: after(job.now, job.timeoutSeconds + job.maximumWaitSeconds),
    transitions: [{ state: 'queued', at, reason }],
    timeout_seconds: job.timeoutSeconds,
    heard: { attempt: 0, sequence: 0 },
    sent_at: at,
    last_event_id: 1,
    news: [{ id: 1, type: 'state', at, data: { state: 'queued', attempt: 0, reason } }],
  };
}

/** An end is a state that is never left. */
export const isEnd = (state: JobState): boolean => jobTransitions[state].length === 0;

/** What callers see of a job. */
export function publicJob(record: JobRecord): Job {
  const { tenant, run, ending, heard, reason_at, sent_at, last_event_id, news, ...job } = record;
  return { ...job, object: 'job' };
}
