import type { ContainerEvent } from '../shared/contracts/events';
import type { JobProgress } from '../shared/contracts/job';
import type { Clock } from '../shared/ports/clock';
import type { MessageQueue } from '../shared/ports/message-queue';

type Sender = Pick<ContainerEvent, 'tenant' | 'job_id' | 'attempt' | 'token'>;

export interface EventReporter {
  progress(progress: JobProgress): void;
  log(level: 'info' | 'warn' | 'error', message: string): void;
  checkpoint(step: number, bytes: number): void;
  /** Sends what is held back and waits for everything on its way; never throws. */
  flush(): Promise<void>;
}

const longestMessage = 4_000;

/**
 * Tells the world how a run goes, through the events queue and in order. Progress is thinned to one message per
 * interval, the newest one always arriving; an event that cannot be sent costs its news, never the job.
 */
export function eventReporter(
  deps: { queue: Pick<MessageQueue, 'send'>; clock: Clock; intervalMilliseconds?: number },
  sender: Sender,
): EventReporter {
  const interval = deps.intervalMilliseconds ?? 2_000;
  let sequence = 0;
  let sending: Promise<void> = Promise.resolve();
  let held: JobProgress | undefined;
  let lastProgressAt = Number.NEGATIVE_INFINITY;

  const send = (body: ContainerEvent['body']) => {
    sequence += 1;
    const event: ContainerEvent = { ...sender, sequence, at: deps.clock.now().toISOString(), body };
    const message = {
      body: JSON.stringify(event),
      group: sender.job_id,
      deduplicationId: `${sender.job_id}-${sender.attempt}-${sequence}`,
    };
    sending = sending.then(() => deps.queue.send([message])).catch(() => undefined);
  };
  const sendHeld = () => {
    if (held === undefined) return;
    send({ type: 'progress', progress: held });
    held = undefined;
    lastProgressAt = deps.clock.now().getTime();
  };

  return {
    progress(progress) {
      held = progress;
      if (deps.clock.now().getTime() - lastProgressAt >= interval) sendHeld();
    },
    log: (level, message) => send({ type: 'log', level, message: message.slice(0, longestMessage) }),
    checkpoint: (step, bytes) => send({ type: 'checkpoint', step, bytes }),
    async flush() {
      sendHeld();
      await sending;
    },
  };
}
