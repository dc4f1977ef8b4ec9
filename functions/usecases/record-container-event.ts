import type { ContainerEvent } from '../../shared/contracts/events';
import type { JobStore } from '../../shared/stores/job-store';
import { applyContainerEvent } from '../../shared/stores/job-transitions';
import { requireJobToken } from './job-token';

/**
 * Takes what a container says of its progress, its checkpoints and its log to its job; replays and the words of an
 * earlier attempt are dropped. `UnauthenticatedError` where the token is none of the job's.
 */
export const recordContainerEvent =
  ({ jobs }: { jobs: Pick<JobStore, 'update'> }) =>
  async (event: ContainerEvent): Promise<void> => {
    const found = await jobs.update(event.tenant, event.job_id, (job) => {
      requireJobToken(job, event.token);
      return applyContainerEvent(job, event);
    });
    if (found === undefined) requireJobToken(undefined, event.token);
  };
