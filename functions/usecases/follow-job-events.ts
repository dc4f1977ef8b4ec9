import type { JobEvent } from '../../shared/contracts/events';
import type { Clock } from '../../shared/ports/clock';
import type { JobBell } from '../../shared/stores/job-bell';
import { isEnd, type JobRecord } from '../../shared/stores/job-record';
import type { ReadJobEventsDependencies } from './read-job-events';
import { type JobAddress, requireJob } from './require-job';

export interface FollowJobEventsDependencies extends ReadJobEventsDependencies {
  bell: Pick<JobBell, 'wait'>;
  clock: Clock;
  /** How often another process's changes are looked for. */
  pollMilliseconds?: number;
  /** After so long without an event an empty batch says that the stream lives. */
  heartbeatMilliseconds?: number;
  /** The stream then ends, for its reader to come back: what serves it does not live for ever. */
  longestMilliseconds?: number;
}

export interface Following extends JobAddress {
  /** The number of the last event that the reader has. */
  after: number;
  signal?: AbortSignal | undefined;
}

const pageSize = 500;

async function* follow(
  deps: FollowJobEventsDependencies,
  first: JobRecord,
  { after, signal }: Following,
): AsyncGenerator<JobEvent[]> {
  const {
    pollMilliseconds = 1_000,
    heartbeatMilliseconds = 15_000,
    longestMilliseconds = 14 * 60_000,
  } = deps;
  const now = () => deps.clock.now().getTime();
  const until = now() + longestMilliseconds;
  let seen = after;
  let spokeAt = now();
  for (let job: JobRecord | undefined = first; job; job = await deps.jobs.get(job.tenant, job.id)) {
    const { events, hasMore } = await deps.events.read(job, { after: seen, limit: pageSize });
    const isQuiet = events.length === 0 && now() - spokeAt < heartbeatMilliseconds;
    if (!isQuiet) {
      spokeAt = now();
      yield events;
    }
    seen = events.at(-1)?.id ?? seen;
    if (hasMore) continue;
    if (isEnd(job.state) || signal?.aborted || now() >= until) return;
    await deps.bell.wait(job.id, pollMilliseconds, signal);
  }
}

/**
 * A job's events as they come, in batches; an empty batch is a heartbeat. Ends with the job's end, when the reader goes
 * away, or when it has lasted as long as it may. `NotFoundError` comes before the stream does.
 */
export const followJobEvents =
  (deps: FollowJobEventsDependencies) =>
  async (following: Following): Promise<AsyncIterable<JobEvent[]>> =>
    follow(deps, await requireJob(deps.jobs, following), following);
