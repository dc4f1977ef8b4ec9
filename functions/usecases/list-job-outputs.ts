import { extname } from 'node:path';
import type { ManifestFile } from '../../shared/contracts/events';
import type { Download, JobOutput } from '../../shared/contracts/job-output';
import type { Page } from '../../shared/contracts/lists';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { JobStore } from '../../shared/stores/job-store';
import { readManifest } from './read-manifest';
import { type JobAddress, requireJob } from './require-job';

export interface ListJobOutputsDependencies {
  jobs: Pick<JobStore, 'get'>;
  objects: Pick<ObjectStore, 'get' | 'presignDownload'>;
}

const downloadSeconds = 3600;

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

const contentTypeOf = (name: string): string => contentTypes[extname(name)] ?? 'application/octet-stream';

async function offerDownload(
  objects: ListJobOutputsDependencies['objects'],
  name: string,
  { key }: ManifestFile,
): Promise<Download> {
  const request = { key, expiresInSeconds: downloadSeconds, contentType: contentTypeOf(name) };
  const { url, headers, expiresAt } = await objects.presignDownload(request);
  return { method: 'GET', url, headers, expires_at: expiresAt.toISOString() };
}

/**
 * The files of a job that succeeded, by name, each with a download that is good for an hour. Nothing of a job in any other
 * state: what an attempt leaves is proven only when the job ends well. Nothing either where the files were deleted since.
 */
export const listJobOutputs =
  ({ jobs, objects }: ListJobOutputsDependencies) =>
  async (address: JobAddress): Promise<Page<JobOutput>> => {
    const job = await requireJob(jobs, address);
    const manifest = job.state === 'succeeded' ? await readManifest(objects, job, job.attempt) : undefined;
    const files = Object.entries(manifest?.files ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const data = await Promise.all(
      files.map(async ([name, file]) => ({
        name,
        bytes: file.bytes,
        sha256: file.sha256,
        download: await offerDownload(objects, name, file),
      })),
    );
    return { object: 'list', data, has_more: false };
  };
