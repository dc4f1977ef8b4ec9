import { InterruptedError } from '../../shared/errors/job-errors';
import type { Session } from './session';

const repeatMilliseconds = 50;

/** Runs queries of a session until they are done or the signal aborts, which stops the query of the moment and ends in `InterruptedError`. */
export async function interruptible<T>(
  session: Session,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  let repeat: NodeJS.Timeout | undefined;
  // An interrupt that falls between two queries stops neither, so it is said again.
  const stop = () => {
    repeat = setInterval(() => session.interrupt(), repeatMilliseconds);
    session.interrupt();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    throw signal.aborted ? new InterruptedError('told to stop while reading the upload') : error;
  } finally {
    signal.removeEventListener('abort', stop);
    clearInterval(repeat);
  }
}
