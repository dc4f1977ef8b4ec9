import type { JobManifest, ManifestFile } from '../../shared/contracts/events';
import { objectKeys } from '../../shared/contracts/job-files';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { JobRecord } from '../../shared/stores/job-record';
import { OutputUnverifiedError, readManifest } from './read-manifest';

type HeadStore = Pick<ObjectStore, 'head'>;

async function faultOf(objects: HeadStore, file: ManifestFile, prefix: string): Promise<string | undefined> {
  if (!file.key.startsWith(prefix)) return `is outside '${prefix}'`;
  const stored = await objects.head(file.key);
  if (stored === undefined) return 'is not in the store';
  if (stored.bytes !== file.bytes) return `has ${stored.bytes} bytes, not ${file.bytes}`;
  return stored.sha256 === file.sha256 ? undefined : `has another SHA-256 than ${file.sha256}`;
}

/**
 * The manifest of an attempt, once every file that it names is in the store with that size and digest, under the
 * attempt's own prefix; otherwise `OutputUnverifiedError` with what is wrong.
 */
export async function verifyManifest(
  objects: ObjectStore,
  job: JobRecord,
  attempt: number,
): Promise<JobManifest> {
  const manifest = await readManifest(objects, job, attempt);
  if (manifest === undefined) throw new OutputUnverifiedError('the run ended well but left no manifest');
  const prefix = objectKeys.attemptPrefix(job.tenant, job.id, attempt);
  for (const [name, file] of Object.entries(manifest.files)) {
    const fault = await faultOf(objects, file, prefix);
    if (fault !== undefined) throw new OutputUnverifiedError(`the output '${name}' ${fault}`);
  }
  return manifest;
}
