import { EventEmitter } from 'node:events';

/** Tells readers in the same process that a job has changed. */
export interface JobBell {
  ring(jobId: string): void;
  /** Until the bell rings for this job, the time is over, or the reader goes away. */
  wait(jobId: string, milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A hint, never a promise: what another process changes is seen when the wait is over. */
export function jobBell(): JobBell {
  const bell = new EventEmitter().setMaxListeners(0);
  return {
    ring: (jobId) => void bell.emit(jobId),
    wait: (jobId, milliseconds, signal) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          bell.off(jobId, done);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, signal?.aborted ? 0 : milliseconds);
        bell.once(jobId, done);
        signal?.addEventListener('abort', done, { once: true });
      }),
  };
}
