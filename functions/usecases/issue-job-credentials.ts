import type { JobGrant } from '../../shared/contracts/job-files';
import { ConflictError } from '../../shared/errors/request-errors';
import { isEnd } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import { requireJobToken } from './job-token';

export interface CredentialsRequest {
  tenant: string;
  job_id: string;
  attempt: number;
  token: string;
}

export interface IssueJobCredentialsDependencies<C> {
  jobs: Pick<JobStore, 'get'>;
  /** Credentials that reach what the grant names, and nothing else. */
  assumeJobRole: (grant: JobGrant, session: { tenant: string; jobId: string; attempt: number }) => Promise<C>;
}

/**
 * Gives a container the credentials of its own job. `UnauthenticatedError` where it does not know the job's token, and
 * `ConflictError` once the job has ended or a later attempt has begun.
 */
export const issueJobCredentials =
  <C>({ jobs, assumeJobRole }: IssueJobCredentialsDependencies<C>) =>
  async ({ tenant, job_id, attempt, token }: CredentialsRequest): Promise<C> => {
    const job = await jobs.get(tenant, job_id);
    requireJobToken(job, token);
    if (isEnd(job.state)) throw new ConflictError(`the job has ${job.state}`, 'job_ended');
    if (attempt < job.attempt) {
      throw new ConflictError(`attempt ${attempt} is over: attempt ${job.attempt} runs`, 'attempt_over');
    }
    return assumeJobRole(job.run?.grant ?? { read: [], write: [] }, { tenant, jobId: job_id, attempt });
  };
