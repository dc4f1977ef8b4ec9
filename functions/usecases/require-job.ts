import { NotFoundError } from '../../shared/errors/request-errors';
import type { JobRecord } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';

/** One job of one tenant. */
export interface JobAddress {
  tenant: string;
  jobId: string;
}

/** A job's record, or `NotFoundError`; another tenant's job is not there. */
export async function requireJob(
  jobs: Pick<JobStore, 'get'>,
  { tenant, jobId }: JobAddress,
): Promise<JobRecord> {
  const job = await jobs.get(tenant, jobId);
  if (job === undefined) throw new NotFoundError('job', jobId);
  return job;
}
