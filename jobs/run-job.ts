import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobFailure, JobManifest } from '../shared/contracts/events';
import type { JobKind, JobSpec } from '../shared/contracts/job';
import { jobSpecs } from '../shared/contracts/job';
import { objectKeys } from '../shared/contracts/job-files';
import type { RunOrder } from '../shared/contracts/run-order';
import { AppError } from '../shared/errors/app-error';
import { BadSpecError } from '../shared/errors/job-errors';
import type { ModelRuntime } from '../shared/ports/model-runtime';
import type { ObjectStore } from '../shared/ports/object-store';
import type { EventReporter } from './event-reporter';
import { exitCodeOf, exitCodes } from './exit-code';
import { jobKinds } from './kinds/index';
import type { JobContext } from './kinds/job-kind';
import { scratchInputs, scratchOutputs } from './scratch-files';
import { storedCheckpoints } from './stored-checkpoints';

export interface RunJobDependencies {
  store: ObjectStore;
  runtime: ModelRuntime;
  reporter: EventReporter;
  threads: number;
  provider: 'cpu' | 'cuda';
  /** Bytes that this process may use in all. */
  memoryBytes: number;
  /** Program and arguments that start this program anew. */
  program: JobContext['program'];
  /** Where this run's scratch folder is made; removed with everything in it at the end. */
  scratchRoot: string;
}

export interface Run {
  order: RunOrder;
  attempt: number;
  signal: AbortSignal;
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function parseSpec<K extends JobKind>(kind: K, spec: unknown): JobSpec<K> {
  const parsed = jobSpecs[kind].safeParse(spec);
  if (parsed.success) return parsed.data as JobSpec<K>;
  const errors = parsed.error.issues.map(({ path, message }) => ({
    pointer: `/${path.join('/')}`,
    detail: message,
  }));
  throw new BadSpecError(`the spec of this ${kind} job is not valid`, errors);
}

async function produceManifest(deps: RunJobDependencies, run: Run, scratch: string): Promise<JobManifest> {
  const { store, reporter, runtime, threads, provider, memoryBytes } = deps;
  const { tenant, job_id: job, kind, spec, model, models } = run.order;
  const { outputs, files } = scratchOutputs(
    store,
    objectKeys.attemptPrefix(tenant, job, run.attempt),
    scratch,
  );
  const context: JobContext = {
    inputs: scratchInputs(store, run.order, scratch),
    outputs,
    checkpoints: storedCheckpoints(store, objectKeys.checkpointPrefix(tenant, job), reporter.checkpoint),
    runtime,
    threads,
    provider,
    memoryBytes,
    program: deps.program,
    model,
    models,
    scratch,
    signal: run.signal,
    report: reporter.progress,
    log: reporter.log,
  };
  const result = await jobKinds[kind].run(parseSpec(kind, spec) as never, context);
  return { job_id: job, attempt: run.attempt, files, result };
}

const failureOf = (error: unknown): JobFailure =>
  error instanceof AppError
    ? { code: error.code, detail: [error.message, ...violationsOf(error)].join('; ') }
    : { code: 'internal', detail: 'an internal error stopped the job; its log says more' };

/** Those that the message does not tell already. */
const violationsOf = (error: AppError) =>
  (error.details.errors ?? [])
    .filter(({ detail }) => !error.message.includes(detail))
    .map(({ pointer, detail }) => `${pointer}: ${detail}`);

/**
 * Runs one order to its end and answers with the exit code. The manifest is written last, so it stands for a whole run;
 * a failure that no retry mends leaves `failure.json` in its place.
 */
export async function runJob(deps: RunJobDependencies, run: Run): Promise<number> {
  const { tenant, job_id: job } = run.order;
  const scratch = await mkdtemp(join(deps.scratchRoot, `${job}-`));
  try {
    const manifest = await produceManifest(deps, run, scratch);
    await deps.store.put(objectKeys.manifest(tenant, job, run.attempt), encode(manifest));
    return exitCodes.ok;
  } catch (error) {
    const code = exitCodeOf(error);
    deps.reporter.log(code === exitCodes.retry ? 'warn' : 'error', failureOf(error).detail);
    if (!(error instanceof AppError))
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    if (code !== exitCodes.retry) {
      await deps.store.put(objectKeys.failure(tenant, job, run.attempt), encode(failureOf(error)));
    }
    return code;
  } finally {
    await deps.reporter.flush();
    await rm(scratch, { recursive: true, force: true });
  }
}
