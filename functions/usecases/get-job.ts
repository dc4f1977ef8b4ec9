import type { Job } from '../../shared/contracts/job';
import { publicJob } from '../../shared/stores/job-record';
import type { JobStore } from '../../shared/stores/job-store';
import { type JobAddress, requireJob } from './require-job';

/** Reads a job: its state and why, its progress, and what came of it. */
export const getJob =
  ({ jobs }: { jobs: Pick<JobStore, 'get'> }) =>
  async (address: JobAddress): Promise<Job> =>
    publicJob(await requireJob(jobs, address));
