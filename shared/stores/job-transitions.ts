import type { ContainerEvent, JobEvent, RunEvent } from '../contracts/events';
import type { Job, JobState } from '../contracts/job';
import { jobTransitions } from '../contracts/job';
import type { JobGrant } from '../contracts/job-files';
import { isEnd, type JobRecord } from './job-record';

/**
 * How far a job is within one attempt. Run events come twice, late and in any order; one is applied only where
 * (attempt, rank) rises, so that every order of arrival ends in the same state.
 */
const ranks: Readonly<Record<JobState, number>> = {
  queued: 0,
  dispatched: 1,
  starting: 2,
  running: 3,
  interrupted: 4,
  succeeded: 5,
  failed: 5,
  cancelled: 5,
};

const longestReason = 1_000;
const inferred = 'told by a later event';

interface Step {
  state: JobState;
  at: string;
  reason?: string | undefined;
}

/** Writes an event into the job's log, under the next number. */
function announce(job: JobRecord, event: Omit<JobEvent, 'id'>): JobRecord {
  const id = job.last_event_id + 1;
  return { ...job, last_event_id: id, news: [...job.news, { id, ...event }] };
}

function enter(job: JobRecord, step: Step): JobRecord {
  const { reason: _left, ...rest } = job;
  const last = job.transitions.at(-1);
  // clocks differ between runner and recorder, and a history that runs backwards helps nobody
  const at = last !== undefined && last.at > step.at ? last.at : step.at;
  const why = step.reason === undefined ? {} : { reason: step.reason.slice(0, longestReason) };
  const transitions = [...job.transitions, { state: step.state, at, ...why }];
  const moved: JobRecord = { ...rest, ...why, state: step.state, transitions };
  const error = moved.error === undefined ? {} : { error: moved.error };
  const data = { state: step.state, attempt: moved.attempt, ...why, ...error };
  return announce(moved, { type: 'state', at, data });
}

/** The shortest legal way from one state to another, at least one step long; the first state is not part of it. */
function legalPath(from: JobState, to: JobState): JobState[] {
  let paths = jobTransitions[from].map((next): JobState[] => [next]);
  for (const _ of Object.keys(jobTransitions)) {
    const found = paths.find((path) => path.at(-1) === to);
    if (found) return found;
    paths = paths.flatMap((path) => jobTransitions[path.at(-1) ?? from].map((next) => [...path, next]));
  }
  throw new RangeError(`no legal way leads from ${from} to ${to}`);
}

/** Enters every state of the path; what is said of the step is said of its last state. */
const walk = (job: JobRecord, path: readonly JobState[], step: Step): JobRecord =>
  path.reduce(
    (moved, state, index) =>
      enter(moved, index === path.length - 1 ? step : { state, at: step.at, reason: inferred }),
    job,
  );

/** Enters a state of an attempt, through the states that events in between would have told of. */
function moveTo(job: JobRecord, attempt: number, step: Step): JobRecord {
  const isLeftBehind = job.attempt > 0 && attempt > job.attempt && job.state !== 'interrupted';
  const left: Step = { state: 'interrupted', at: step.at, reason: inferred };
  const before = isLeftBehind ? walk(job, legalPath(job.state, 'interrupted'), left) : job;
  return walk({ ...before, attempt }, legalPath(before.state, step.state), step);
}

const isAhead = (job: JobRecord, attempt: number, state: JobState): boolean =>
  attempt > job.attempt || (attempt === job.attempt && ranks[state] > ranks[job.state]);

function keepWaiting(job: JobRecord, event: RunEvent): JobRecord | undefined {
  const reason = (event.reason ?? 'waiting for a machine').slice(0, longestReason);
  if (event.attempt > Math.max(1, job.attempt)) {
    const step: Step = { state: 'queued', at: event.at, reason };
    return { ...moveTo(job, event.attempt, step), reason_at: event.at };
  }
  const isWaiting = event.attempt === Math.max(1, job.attempt) && ranks[job.state] <= ranks.dispatched;
  const isNews = reason !== job.reason && !(job.reason_at !== undefined && event.at < job.reason_at);
  return isWaiting && isNews ? { ...job, reason, reason_at: event.at } : undefined;
}

function start(job: JobRecord, event: RunEvent): JobRecord | undefined {
  if (!isAhead(job, event.attempt, 'starting')) return undefined;
  return moveTo(job, event.attempt, { state: 'starting', at: event.at, reason: event.reason });
}

function run(job: JobRecord, event: RunEvent): JobRecord | undefined {
  if (!isAhead(job, event.attempt, 'running')) return undefined;
  const running = moveTo(job, event.attempt, { state: 'running', at: event.at, reason: event.reason });
  return { ...running, started_at: job.started_at ?? event.at };
}

function interrupt(job: JobRecord, event: RunEvent): JobRecord | undefined {
  if (!isAhead(job, event.attempt, 'interrupted')) return undefined;
  const reason = `${event.reason ?? 'the attempt was interrupted'}; the next attempt goes on from the last checkpoint`;
  return moveTo(job, event.attempt, { state: 'interrupted', at: event.at, reason });
}

/** A run's end stands, unless a later attempt was seen at work; one that only waited never began. */
function believeEnd(job: JobRecord, event: RunEvent): JobRecord | undefined {
  const isOverruled = event.attempt < job.attempt && ranks[job.state] >= ranks.starting;
  return isOverruled ? undefined : { ...job, ending: event };
}

const moves: Readonly<Record<RunEvent['state'], (job: JobRecord, event: RunEvent) => JobRecord | undefined>> =
  {
    waiting: keepWaiting,
    starting: start,
    running: run,
    interrupted: interrupt,
    succeeded: believeEnd,
    failed: believeEnd,
  };

/** An event of a run that is not this job's: a second dispatcher's, or of a job that nobody dispatched. */
export const isForeign = (job: JobRecord, event: Pick<RunEvent, 'run_id'>): boolean =>
  job.run === undefined || (job.run.id !== undefined && job.run.id !== event.run_id);

/**
 * The job after a run event, or undefined where the event is stale, foreign, or changes nothing. A run's end is only
 * believed (`ending`): `endJob` makes it the job's end once it was verified and its effects were applied.
 */
export function applyRunEvent(job: JobRecord, event: RunEvent): JobRecord | undefined {
  if (isEnd(job.state) || job.ending !== undefined || isForeign(job, event)) return undefined;
  // whatever a run tells, it was dispatched: its first event may overtake the dispatcher's own write
  const dispatched = markDispatched(job, event.run_id, event.at);
  return moves[event.state](dispatched ?? job, event) ?? dispatched;
}

export type JobEnd = Pick<Job, 'output' | 'error'> & {
  state: 'succeeded' | 'failed' | 'cancelled';
  at: string;
  reason?: string | undefined;
};

/** The job at its end, or undefined where it has ended before. */
export function endJob(job: JobRecord, end: JobEnd): JobRecord | undefined {
  if (isEnd(job.state)) return undefined;
  const { ending, ...rest } = job;
  // the events of its beginning may be lost or late: whose outputs are the job's, its end tells
  const attempt = ending?.attempt ?? job.attempt;
  const output = end.output === undefined ? {} : { output: end.output };
  const error = end.error === undefined ? {} : { error: end.error };
  const progress = end.state === 'succeeded' ? { ...job.progress, fraction: 1 } : job.progress;
  const ended = enter({ ...rest, attempt, ...output, ...error, progress }, end);
  return { ...ended, finished_at: ended.transitions.at(-1)?.at ?? end.at };
}

/** The job cancelled, or undefined where its end is there or on its way. */
export const requestCancel = (job: JobRecord, at: string, reason: string): JobRecord | undefined =>
  job.ending === undefined ? endJob(job, { state: 'cancelled', at, reason }) : undefined;

export interface Claim {
  at: string;
  tokenHash: string;
  grant: JobGrant;
  /** A claim that was made before then was given up by its dispatcher. */
  staleBefore: string;
}

const tokensKept = 8;

/** Whether nothing is known of a run of the job; a dispatcher may have it in hand. */
export const isUndispatched = (job: JobRecord): boolean =>
  job.state === 'queued' && job.ending === undefined && job.run?.id === undefined;

/** Whether a dispatcher may take the job in hand: it has no run, and nobody else is at it. */
export const isClaimable = (job: JobRecord, staleBefore: string): boolean =>
  isUndispatched(job) && (job.run?.claimed_at === undefined || job.run.claimed_at < staleBefore);

/** The job in one dispatcher's hand, written before the run is submitted so that one message starts one run. */
export function claimJob(job: JobRecord, claim: Claim): JobRecord | undefined {
  if (!isClaimable(job, claim.staleBefore)) return undefined;
  const token_hashes = [...(job.run?.token_hashes ?? []), claim.tokenHash].slice(-tokensKept);
  return { ...job, run: { claimed_at: claim.at, token_hashes, grant: claim.grant } };
}

/** The job given back after a submit that failed and may be tried again. */
export function releaseClaim(job: JobRecord, claimedAt: string): JobRecord | undefined {
  if (job.run === undefined || job.run.id !== undefined || job.run.claimed_at !== claimedAt) return undefined;
  const { claimed_at: _given, ...run } = job.run;
  return { ...job, run };
}

/** The job once the runner has taken it; events may have told more by then, and an ended job gets no run. */
export function markDispatched(job: JobRecord, runId: string, at: string): JobRecord | undefined {
  if (isEnd(job.state) || job.run === undefined || job.run.id !== undefined) return undefined;
  const owned: JobRecord = { ...job, run: { ...job.run, id: runId } };
  if (job.state !== 'queued') return owned;
  return moveTo(owned, Math.max(1, job.attempt), {
    state: 'dispatched',
    at,
    reason: 'waiting for a machine',
  });
}

const logOf = ({ at, body }: ContainerEvent): Omit<JobEvent, 'id'> => {
  const { type, ...data } = body;
  return type === 'progress' && 'progress' in data
    ? { type: 'metric', at, data: { ...data.progress } }
    : { type: type === 'checkpoint' ? 'checkpoint' : 'log', at, data };
};

/**
 * The job after what its container said, or undefined where it was said before, or by an earlier attempt. After the end
 * only log lines are kept: the last ones travel slower than the end does.
 */
export function applyContainerEvent(job: JobRecord, event: ContainerEvent): JobRecord | undefined {
  const { attempt, sequence, body } = event;
  const isReplay = attempt === job.heard.attempt && sequence <= job.heard.sequence;
  if (attempt < Math.max(job.attempt, job.heard.attempt) || isReplay) return undefined;
  if (isEnd(job.state) && body.type !== 'log') return undefined;
  const progress = body.type === 'progress' ? body.progress : job.progress;
  return announce({ ...job, progress, heard: { attempt, sequence } }, logOf(event));
}
