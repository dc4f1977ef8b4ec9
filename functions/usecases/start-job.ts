import { createHash } from 'node:crypto';
import type { RunOrder } from '../../shared/contracts/run-order';
import { AppError } from '../../shared/errors/app-error';
import type { BatchRunner } from '../../shared/ports/batch-runner';
import type { ObjectStore } from '../../shared/ports/object-store';
import { isEnd, type JobRecord } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import { claimJob, isClaimable, markDispatched, releaseClaim } from '../../shared/stores/job-transitions';
import { type FailDispatchDependencies, failDispatch } from './fail-dispatch';
import { grantFor, type JobInputStores, resolveInputs } from './job-inputs';
import { newJobToken } from './job-token';
import type { JobAddress } from './require-job';
import { runEnvironment } from './run-environment';

export type StartJobDependencies = FailDispatchDependencies &
  JobInputStores & {
    jobs: Pick<JobStore, 'get' | 'update'>;
    objects: ObjectStore;
    runner: BatchRunner;
    /** What every container is told, beside its order and its token. */
    containerEnvironment: Readonly<Record<string, string>>;
    /** How many attempts a run has, for interruptions and exit code 75. */
    attempts: number;
    /** A dispatcher that has not submitted by then is taken for dead. */
    claimTimeoutSeconds: number;
  };

/** Batch takes letters and digits alone: what is left of a tenant's name, made unique again where something was left out. */
function shareOf(tenant: string): string {
  const plain = tenant.replaceAll(/[^a-z0-9]/g, '');
  return plain === tenant
    ? plain
    : `${plain}${createHash('sha256').update(tenant).digest('hex').slice(0, 8)}`;
}

async function orderFor(deps: StartJobDependencies, job: JobRecord): Promise<RunOrder> {
  const { tenant, id: job_id, kind, spec } = job;
  const { inputs, ...given } = await resolveInputs(deps, job);
  return { tenant, job_id, kind, spec, inputs, grant: grantFor(job, inputs), ...given };
}

interface Submission {
  job: JobRecord;
  order: RunOrder;
  token: string;
  claimedAt: string;
}

async function submit(deps: StartJobDependencies, { job, order, token, claimedAt }: Submission) {
  const { tenant, id, resources } = job;
  try {
    const environment = {
      ...deps.containerEnvironment,
      ...(await runEnvironment(deps.objects, order, token)),
    };
    const { runId } = await deps.runner.submit({
      jobId: id,
      tenant,
      shareIdentifier: shareOf(tenant),
      resources,
      timeoutSeconds: job.timeout_seconds,
      attempts: deps.attempts,
      environment,
    });
    return runId;
  } catch (error) {
    await deps.jobs.update(tenant, id, (current) => releaseClaim(current, claimedAt));
    throw error;
  }
}

/** The claimed job, or undefined where it is not for this dispatcher to start. */
async function claim(deps: StartJobDependencies, job: JobRecord, order: RunOrder) {
  const now = deps.clock.now();
  const claimedAt = now.toISOString();
  const staleBefore = new Date(now.getTime() - deps.claimTimeoutSeconds * 1_000).toISOString();
  const { token, hash } = newJobToken();
  const found = await deps.jobs.update(job.tenant, job.id, (current) =>
    claimJob(current, { at: claimedAt, tokenHash: hash, grant: order.grant, staleBefore }),
  );
  return found?.changed ? { job: found.job, order, token, claimedAt } : undefined;
}

async function dispatch(deps: StartJobDependencies, job: JobRecord): Promise<void> {
  const order = await orderFor(deps, job);
  const claimed = await claim(deps, job, order);
  if (claimed === undefined) return;
  const runId = await submit(deps, claimed);
  const at = deps.clock.now().toISOString();
  const found = await deps.jobs.update(job.tenant, job.id, (current) => markDispatched(current, runId, at));
  const after = found?.job;
  const isWanted = after !== undefined && !isEnd(after.state) && after.run?.id === runId;
  if (!isWanted) await deps.runner.terminate(runId, 'the job was cancelled, or has another run');
}

/**
 * Starts the run of a queued job: resolves what it needs, claims the job by a conditional write, submits, and records
 * the run. The same message twice starts one run; a dispatcher that dies in between leaves a claim that goes stale, and
 * a sweep then has the job dispatched again. What no repetition mends fails the job; the rest is thrown, to be retried.
 */
export const startJob = (deps: StartJobDependencies) => {
  const fail = failDispatch(deps);
  return async (address: JobAddress): Promise<void> => {
    const job = await deps.jobs.get(address.tenant, address.jobId);
    if (job === undefined || !isClaimable(job, deps.clock.now().toISOString())) return;
    try {
      await dispatch(deps, job);
    } catch (error) {
      if (!(error instanceof AppError) || error.retryable) throw error;
      await fail(address, { code: error.code, detail: error.message });
    }
  };
};
