import { type FSWatcher, watch } from 'node:fs';

const slowPollMs = 1000;
const fastPollMs = 100;

/** Tells waiters that something may have changed in a folder; where it cannot be watched, they look more often instead. */
export class Doorbell {
  readonly #waiters = new Set<() => void>();
  #watcher: FSWatcher | undefined;
  #rung = false;

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.ring());
      this.#watcher.on('error', () => this.#stopWatching());
    } catch {
      this.#watcher = undefined;
    }
  }

  #stopWatching(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Wakes everybody who waits, or, when nobody does, the next who wants to. */
  ring(): void {
    this.#rung = this.#waiters.size === 0;
    for (const wake of this.#waiters) wake();
  }

  /** Returns when the bell rings, at the latest after `ms`, or sooner where it might have missed a change. */
  async wait(ms: number): Promise<void> {
    if (this.#rung) {
      this.#rung = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(ms, this.#watcher === undefined ? fastPollMs : slowPollMs));
      this.#waiters.add(wake);
    });
  }

  close(): void {
    this.#stopWatching();
    this.ring();
  }
}
