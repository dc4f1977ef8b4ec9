import { z } from 'zod';
import { env } from '../../shared/config/env';
import type { RunEvent } from '../../shared/contracts/events';
import { jobId, tenantName } from '../../shared/contracts/names';

const container = z.object({ exitCode: z.number().int().optional(), reason: z.string().optional() });

const batchAttempt = z.object({
  container: container.optional(),
  statusReason: z.string().optional(),
  /** Milliseconds; there once the attempt has ended. */
  stoppedAt: z.number().optional(),
});

const batchStatus = z.enum([
  'SUBMITTED',
  'PENDING',
  'RUNNABLE',
  'STARTING',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
]);

/**
 * What AWS Batch tells through EventBridge, as far as we read it: its detail is that of `DescribeJobs`, and grows (AWS
 * Batch user guide, "Job state change events" and "Job queue blocked events").
 */
export const batchJobEvent = z.object({
  'detail-type': z.enum(['Batch Job State Change', 'Batch Job Queue Blocked']),
  source: z.literal('aws.batch'),
  time: z.iso.datetime(),
  detail: z.object({
    jobId: z.string(),
    status: batchStatus,
    statusReason: z.string().optional(),
    attempts: z.array(batchAttempt).default([]),
    tags: z.record(z.string(), z.string()).default({}),
    container: container
      .extend({
        environment: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
      })
      .optional(),
  }),
});
export type BatchJobEvent = z.infer<typeof batchJobEvent>;
type Detail = BatchJobEvent['detail'];

/** Why a job waits, in words for its owner; Batch's own words follow. */
const blockedReasons: readonly { pattern: RegExp; words: string }[] = [
  {
    pattern: /^CAPACITY:/,
    words: 'waiting for capacity: AWS has no machine of the kinds asked for at the moment',
  },
  {
    pattern: /^MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE/,
    words: 'blocked by a quota: it asks for more than the compute environments may grow to',
  },
  {
    pattern: /^MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT/,
    words: 'blocked by a misconfiguration: no machine of the compute environments is as large as it asks for',
  },
  { pattern: /^MISCONFIGURATION:/, words: 'blocked by a misconfiguration of the deployment' },
  { pattern: /^ACTION_REQUIRED/, words: 'blocked until an operator mends the compute environments' },
  { pattern: /^UNDETERMINED/, words: 'blocked, and AWS Batch cannot tell why' },
];

function waitingReason({ statusReason }: Detail): string {
  if (statusReason === undefined) return 'waiting for a machine';
  const known = blockedReasons.find(({ pattern }) => pattern.test(statusReason));
  return known === undefined ? statusReason : `${known.words} (${statusReason})`;
}

type Told = Pick<RunEvent, 'state' | 'attempt'> & {
  exit_code?: number | undefined;
  reason?: string | undefined;
};

/** Batch leaves reasons out or empty, and says some of them twice. */
const joined = (...reasons: (string | undefined)[]): string | undefined =>
  [...new Set(reasons)].filter(Boolean).join('; ') || undefined;

/** What an attempt that has ended left: the container's word is the closer one. */
const endOf = (attempt: z.infer<typeof batchAttempt> | undefined): Pick<Told, 'exit_code' | 'reason'> => ({
  exit_code: attempt?.container?.exitCode,
  reason: joined(attempt?.container?.reason, attempt?.statusReason),
});

const endedAttempts = ({ attempts }: Detail) => attempts.filter(({ stoppedAt }) => stoppedAt !== undefined);

/** Before the first attempt it only waits; behind one that has ended, Batch is about to try again. */
function waiting(detail: Detail): Told[] {
  const ended = endedAttempts(detail);
  const waits: Told = { state: 'waiting', attempt: ended.length + 1, reason: waitingReason(detail) };
  if (ended.length === 0) return [waits];
  return [{ state: 'interrupted', attempt: ended.length, ...endOf(ended.at(-1)) }, waits];
}

const over =
  (state: 'succeeded' | 'failed') =>
  ({ attempts, statusReason, container }: Detail): Told[] => {
    const { exit_code = container?.exitCode, reason } = endOf(attempts.at(-1));
    return [
      { state, attempt: Math.max(1, attempts.length), exit_code, reason: joined(statusReason, reason) },
    ];
  };

const atWork =
  (state: 'starting' | 'running') =>
  (detail: Detail): Told[] => [{ state, attempt: endedAttempts(detail).length + 1 }];

/** Batch's states as ours. Order is not promised, so that each event is read for itself. */
const told: Readonly<Record<Detail['status'], (detail: Detail) => Told[]>> = {
  SUBMITTED: waiting,
  PENDING: waiting,
  RUNNABLE: waiting,
  STARTING: atWork('starting'),
  RUNNING: atWork('running'),
  SUCCEEDED: over('succeeded'),
  FAILED: over('failed'),
};

const jobOfRun = z.object({ tenant: tenantName, job_id: jobId });

/** Whose run it is: its tags say so, or the variables that every container gets. */
function jobOf({ tags, container }: Detail): z.infer<typeof jobOfRun> | undefined {
  const variables = new Map(container?.environment.map(({ name, value }) => [name, value]));
  return jobOfRun.safeParse({
    tenant: tags['ingot:tenant'] ?? variables.get(env.INGOT_TENANT),
    job_id: tags['ingot:job'] ?? variables.get(env.INGOT_JOB_ID),
  }).data;
}

/** The run events that one event of AWS Batch stands for; none where the run is not of a job of ours. */
export function runEventsOf({ detail, time }: BatchJobEvent): RunEvent[] {
  const job = jobOf(detail);
  if (job === undefined) return [];
  return told[detail.status](detail).map(({ exit_code, reason, ...event }) => ({
    ...job,
    run_id: detail.jobId,
    ...event,
    at: new Date(time).toISOString(),
    ...(exit_code === undefined ? {} : { exit_code }),
    ...(reason === undefined ? {} : { reason }),
  }));
}
