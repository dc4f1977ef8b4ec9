import type { DispatchMessage } from '../../shared/contracts/events';
import type { MessageQueue } from '../../shared/ports/message-queue';

/** Asks a dispatcher to look at a job; tenants share the queue fairly. Sending it twice does no harm. */
export async function sendDispatch(
  queue: Pick<MessageQueue, 'send'>,
  { tenant, id }: { tenant: string; id: string },
): Promise<void> {
  const message: DispatchMessage = { type: 'dispatch', tenant, job_id: id };
  await queue.send([{ body: JSON.stringify(message), group: tenant }]);
}

/** More than this many are not counted. */
export const mostCounted = 100;

/** Why a queued job waits. */
export const queuedBehind = (jobs: number): string =>
  jobs === 0
    ? 'next to be dispatched'
    : `queued behind ${jobs >= mostCounted ? `${mostCounted} or more jobs` : `${jobs} ${jobs === 1 ? 'job' : 'jobs'}`}`;
