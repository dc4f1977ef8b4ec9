import type { JobResources } from '../../shared/contracts/job';
import { internalKinds, type Job, type JobKind, jobResources, jobSpecs } from '../../shared/contracts/job';
import { checked, summarised } from '../../shared/contracts/violations';
import { BadSpecError } from '../../shared/errors/job-errors';
import { InvalidRequestError } from '../../shared/errors/request-errors';
import { ConditionFailedError } from '../../shared/errors/store-errors';
import type { Clock } from '../../shared/ports/clock';
import type { Ids } from '../../shared/ports/ids';
import type { MessageQueue } from '../../shared/ports/message-queue';
import { type JobRecord, newJobRecord, publicJob } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import type { OpenJobs } from '../../shared/stores/open-jobs';
import { type CheckColumnsDependencies, checkColumns } from './check-columns';
import { resolveInputs } from './job-inputs';
import { asError, type JobLog } from './job-log';
import { mostCounted, queuedBehind, sendDispatch } from './send-dispatch';

export interface EnqueueJobDependencies {
  jobs: Pick<JobStore, 'create' | 'get' | 'reserveId'>;
  open: Pick<OpenJobs, 'count'>;
  queue: Pick<MessageQueue, 'send'>;
  clock: Clock;
  ids: Ids;
  log: JobLog;
  /** How long a job may wait for a machine, beside the time that it may run. */
  maximumWaitSeconds: number;
}

export interface SubmitJobDependencies extends EnqueueJobDependencies, CheckColumnsDependencies {}

export interface JobSubmission {
  tenant: string;
  kind: JobKind;
  spec: Record<string, unknown>;
  name?: string | undefined;
  resources?: JobResources | undefined;
  timeout_seconds: number;
  /** Submitted again under the same key, it is the same job. */
  deduplicationKey?: string | undefined;
}

export type InternalSubmission = Omit<JobSubmission, 'resources' | 'timeout_seconds'>;

const internalTimeoutSeconds = 4 * 3_600;

/** The spec with its kind's defaults filled in. */
function parseSpec(kind: JobKind, spec: Record<string, unknown>): Record<string, unknown> {
  const parsed = checked(jobSpecs[kind], spec, '/spec');
  if (parsed.ok) return parsed.value;
  throw new BadSpecError(summarised('the spec', parsed.errors), parsed.errors);
}

function refuseInternal(kind: JobKind): void {
  if (!internalKinds.includes(kind)) return;
  const open = Object.keys(jobSpecs).filter((name) => !internalKinds.some((internal) => internal === name));
  const detail = `jobs of kind '${kind}' are made when an upload is completed; the kinds to submit are: ${open.join(', ')}`;
  throw new InvalidRequestError(detail, [{ pointer: '/kind', detail }]);
}

/**
 * Index, record, message, in this order: a crash behind the record loses nothing, for the index has the job and a sweep
 * sends the message.
 */
async function enqueue(
  deps: EnqueueJobDependencies,
  id: string,
  submission: JobSubmission,
): Promise<JobRecord> {
  const { timeout_seconds, resources, ...asked } = submission;
  const job = newJobRecord({
    ...asked,
    id,
    resources: resources ?? jobResources.parse({}),
    timeoutSeconds: timeout_seconds,
    maximumWaitSeconds: deps.maximumWaitSeconds,
    reason: queuedBehind(await deps.open.count(submission.tenant, mostCounted)),
    now: deps.clock.now(),
  });
  await deps.jobs.create(job);
  // accepted from here on, whether or not the queue can be reached now
  await sendDispatch(deps.queue, job).catch((error: unknown) =>
    deps.log.error('a dispatch message was not sent yet', { tenant: job.tenant, job: id }, asError(error)),
  );
  return job;
}

/** Under one key a job is submitted once, whatever crashes in between. */
async function enqueueOnce(
  deps: EnqueueJobDependencies,
  { deduplicationKey, ...submission }: JobSubmission,
): Promise<JobRecord> {
  const { tenant } = submission;
  const next = deps.ids.next('job');
  if (deduplicationKey === undefined) return enqueue(deps, next, submission);
  const id = await deps.jobs.reserveId(tenant, deduplicationKey, next);
  const known = id === next ? undefined : await deps.jobs.get(tenant, id);
  if (known !== undefined) return known;
  try {
    return await enqueue(deps, id, submission);
  } catch (error) {
    const made = error instanceof ConditionFailedError ? await deps.jobs.get(tenant, id) : undefined;
    if (made === undefined) throw error;
    return made;
  }
}

/**
 * Submits a job for a caller: everything that can be known to be wrong is told now, before any machine starts. The job
 * is safe once this answers.
 */
export const submitJob =
  (deps: SubmitJobDependencies) =>
  async (submission: JobSubmission): Promise<Job> => {
    refuseInternal(submission.kind);
    const spec = parseSpec(submission.kind, submission.spec);
    const { tenant, kind } = submission;
    await resolveInputs(deps, { tenant, kind, spec });
    await checkColumns(deps, { tenant, kind, spec });
    return publicJob(await enqueueOnce(deps, { ...submission, spec }));
  };

/** Submits a job of Ingot's own, on behalf of an upload. */
export const submitInternalJob =
  (deps: EnqueueJobDependencies) =>
  async (asked: InternalSubmission): Promise<Job> => {
    const spec = parseSpec(asked.kind, asked.spec);
    return publicJob(await enqueueOnce(deps, { ...asked, spec, timeout_seconds: internalTimeoutSeconds }));
  };
