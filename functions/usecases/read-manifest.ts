import { type JobManifest, jobManifest } from '../../shared/contracts/events';
import { objectKeys } from '../../shared/contracts/job-files';
import { AppError } from '../../shared/errors/app-error';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { JobRecord } from '../../shared/stores/job-record';
import { parsedJson } from './parsed-json';
import { readSmallObject } from './read-small-object';

/** A run that says it succeeded, and whose files do not bear it out. */
export class OutputUnverifiedError extends AppError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'output_unverified', fault: 'service', cause });
  }
}

/** The manifest that an attempt left, undefined where it left none; `OutputUnverifiedError` where it is not this attempt's. */
export async function readManifest(
  objects: Pick<ObjectStore, 'get'>,
  job: Pick<JobRecord, 'tenant' | 'id'>,
  attempt: number,
): Promise<JobManifest | undefined> {
  const text = await readSmallObject(objects, objectKeys.manifest(job.tenant, job.id, attempt));
  if (text === undefined) return undefined;
  const parsed = jobManifest.safeParse(parsedJson(text));
  if (!parsed.success) {
    throw new OutputUnverifiedError('the manifest of the run is not valid', parsed.error);
  }
  const manifest = parsed.data;
  if (manifest.job_id !== job.id || manifest.attempt !== attempt) {
    const whose = `of attempt ${manifest.attempt} of job '${manifest.job_id}'`;
    throw new OutputUnverifiedError(`the manifest of the run is ${whose}`);
  }
  return manifest;
}
