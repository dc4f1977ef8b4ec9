import type { Clock } from '../../shared/ports/clock';
import type { MessageQueue } from '../../shared/ports/message-queue';
import { isEnd, type JobRecord } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import { endJob, isClaimable } from '../../shared/stores/job-transitions';
import type { OpenJob, OpenJobs } from '../../shared/stores/open-jobs';
import { closeJob } from './close-job';
import { asError, type JobLog } from './job-log';
import { queuedBehind, sendDispatch } from './send-dispatch';
import { type SettleJobDependencies, settleJob } from './settle-job';

export interface SweepJobsDependencies extends SettleJobDependencies {
  jobs: Pick<JobStore, 'get' | 'update'>;
  open: OpenJobs;
  queue: Pick<MessageQueue, 'send'>;
  clock: Clock;
  log: JobLog;
  /** A queued job whose last message is older than this gets another. */
  resendAfterSeconds: number;
  /** As in `startJob`. */
  claimTimeoutSeconds: number;
  /** A believed end that was not settled by then is settled by the sweep. */
  settleAfterSeconds: number;
}

/** How often each thing was done in one sweep. */
export type SweepReport = Record<
  'seen' | 'forgotten' | 'closed' | 'settled' | 'expired' | 'resent' | 'failed',
  number
>;

type Deed = Exclude<keyof SweepReport, 'seen' | 'failed'>;

/** An index entry without a job: the submit that wrote it died, or is still at it. */
const strayEntrySeconds = 600;

interface Sweep {
  deps: SweepJobsDependencies;
  now: Date;
  /** Open jobs of the same tenant that were seen before this one. */
  ahead: number;
}

const isOlder = (moment: string, seconds: number, now: Date) =>
  new Date(moment).getTime() + seconds * 1_000 <= now.getTime();

async function forget({ deps, now }: Sweep, entry: OpenJob): Promise<Deed | undefined> {
  if (!isOlder(entry.created_at, strayEntrySeconds, now)) return undefined;
  await deps.open.remove(entry.job_id);
  return 'forgotten';
}

const lateness = ({ deadline_at, state, reason }: JobRecord) =>
  `the job had not ended by ${deadline_at}; it was ${state}${reason === undefined ? '' : `: ${reason}`}`;

async function expire({ deps, now }: Sweep, job: JobRecord): Promise<Deed> {
  const error = { code: 'deadline_exceeded', detail: lateness(job) };
  const found = await deps.jobs.update(job.tenant, job.id, (current) =>
    // an end that was told since then is settled by the next sweep
    current.ending === undefined || job.ending !== undefined
      ? endJob(current, { state: 'failed', at: now.toISOString(), error })
      : undefined,
  );
  if (found?.changed) await closeJob(deps)(found.job, { runIsOver: false });
  return 'expired';
}

/** The end is told already: it counts even past the deadline, unless it cannot be recorded. */
async function settle(sweep: Sweep, job: JobRecord, isExpired: boolean): Promise<Deed | undefined> {
  const { deps, now } = sweep;
  if (!isExpired && job.ending && !isOlder(job.ending.at, deps.settleAfterSeconds, now)) return undefined;
  try {
    await settleJob(deps)(job);
    return 'settled';
  } catch (error) {
    if (!isExpired) throw error;
    return expire(sweep, job);
  }
}

async function nudge({ deps, now, ahead }: Sweep, job: JobRecord): Promise<Deed | undefined> {
  const staleBefore = new Date(now.getTime() - deps.claimTimeoutSeconds * 1_000).toISOString();
  if (!isClaimable(job, staleBefore) || !isOlder(job.sent_at, deps.resendAfterSeconds, now)) return undefined;
  const reason = queuedBehind(ahead);
  const found = await deps.jobs.update(job.tenant, job.id, (current) =>
    isClaimable(current, staleBefore) ? { ...current, reason, sent_at: now.toISOString() } : undefined,
  );
  if (!found?.changed) return undefined;
  await sendDispatch(deps.queue, job);
  return 'resent';
}

async function look(sweep: Sweep, entry: OpenJob): Promise<Deed | undefined> {
  const job = await sweep.deps.jobs.get(entry.tenant, entry.job_id);
  if (job === undefined) return forget(sweep, entry);
  if (isEnd(job.state)) {
    await closeJob(sweep.deps)(job, { runIsOver: false });
    return 'closed';
  }
  const isExpired = isOlder(job.deadline_at, 0, sweep.now);
  if (job.ending !== undefined) return settle(sweep, job, isExpired);
  return isExpired ? expire(sweep, job) : nudge(sweep, job);
}

/**
 * Looks after every open job: what a crash, a lost message or a silent runner left undone is done here, so that every
 * job ends, by its deadline at the latest. One job's trouble does not keep the sweep from the others.
 */
export const sweepJobs = (deps: SweepJobsDependencies) => async (): Promise<SweepReport> => {
  const report = { seen: 0, forgotten: 0, closed: 0, settled: 0, expired: 0, resent: 0, failed: 0 };
  const aheadByTenant = new Map<string, number>();
  for await (const entry of deps.open.all()) {
    const ahead = aheadByTenant.get(entry.tenant) ?? 0;
    aheadByTenant.set(entry.tenant, ahead + 1);
    report.seen += 1;
    try {
      const deed = await look({ deps, now: deps.clock.now(), ahead }, entry);
      if (deed !== undefined) report[deed] += 1;
    } catch (error) {
      report.failed += 1;
      deps.log.error('a job could not be swept', { tenant: entry.tenant, job: entry.job_id }, asError(error));
    }
  }
  return report;
};
