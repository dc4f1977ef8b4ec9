import { byId, type MessageName, sentAt } from './message-name';

export interface LeaseBookOptions {
  /** True: a group's messages go out one at a time, oldest first. False: side by side, groups in turn. */
  ordered: boolean;
  visibilityMs: number;
}

interface Entry {
  name: MessageName;
  /** In ms since 1970; until then it is in flight, or was given back with a delay. */
  visibleAt: number;
}

export const deduplicationMs = 5 * 60_000;

/** Decides which messages a receiver may have: pure bookkeeping over what the queue's folder holds. */
export class LeaseBook {
  readonly #options: LeaseBookOptions;
  readonly #entries = new Map<string, Entry>();
  /** When a message with this deduplication id was first sent. */
  readonly #firstSent = new Map<string, number>();

  constructor(options: LeaseBookOptions) {
    this.#options = options;
  }

  /** Takes note of what the folder holds, and returns the duplicates in it, which are not to be handed out. */
  observe(names: readonly MessageName[], now: number): MessageName[] {
    const present = new Set(names.map(({ id }) => id));
    for (const [id, { visibleAt }] of this.#entries) {
      if (!present.has(id) && visibleAt <= now) this.#entries.delete(id);
    }
    const news = names.filter(({ id }) => !this.#entries.has(id)).sort(byId);
    return news.filter((name) => !this.#admit(name));
  }

  /** A message that was acknowledged before this receiver came still makes later ones duplicates. */
  remember(name: MessageName): void {
    if (name.deduplication !== 'none') this.#firstSent.set(name.deduplication, sentAt(name));
  }

  #admit(name: MessageName): boolean {
    const first = this.#firstSent.get(name.deduplication);
    if (first !== undefined && Math.abs(sentAt(name) - first) < deduplicationMs) return false;
    this.remember(name);
    this.#entries.set(name.id, { name, visibleAt: 0 });
    return true;
  }

  /** Leases up to `limit` messages. */
  take(limit: number, now: number): MessageName[] {
    const entries = [...this.#entries.values()].sort((a, b) => byId(a.name, b.name));
    const taken: MessageName[] = [];
    while (taken.length < limit) {
      const next = this.#next(entries, now);
      if (next === undefined) break;
      next.visibleAt = now + this.#options.visibilityMs;
      taken.push(next.name);
    }
    return taken;
  }

  #next(entries: readonly Entry[], now: number): Entry | undefined {
    const inFlight = new Map<string, number>();
    for (const { name, visibleAt } of entries) {
      if (visibleAt > now) inFlight.set(name.group, (inFlight.get(name.group) ?? 0) + 1);
    }
    const load = ({ name }: Entry) => inFlight.get(name.group) ?? 0;
    const visible = entries.filter(({ visibleAt }) => visibleAt <= now);
    if (this.#options.ordered) return visible.find((entry) => load(entry) === 0);
    return visible.reduce<Entry | undefined>(
      (best, entry) => (best === undefined || load(entry) < load(best) ? entry : best),
      undefined,
    );
  }

  /** The message as it is named since it was handed out. */
  renamed(name: MessageName): void {
    const entry = this.#entries.get(name.id);
    if (entry !== undefined) entry.name = name;
  }

  /** The message of a receipt, unless it has been handed out again since, or is gone. */
  find(id: string, receives: number): MessageName | undefined {
    const name = this.#entries.get(id)?.name;
    return name?.receives === receives ? name : undefined;
  }

  forget(id: string): void {
    this.#entries.delete(id);
  }

  postpone(id: string, until: number): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.visibleAt = until;
  }

  /** When the next message comes back by itself; Infinity if none will. */
  nextVisibleAt(now: number): number {
    let earliest = Infinity;
    for (const { visibleAt } of this.#entries.values())
      if (visibleAt > now) earliest = Math.min(earliest, visibleAt);
    return earliest;
  }

  /** Deduplication ids whose five minutes are over. */
  expire(now: number): void {
    for (const [id, first] of this.#firstSent) if (now - first > deduplicationMs) this.#firstSent.delete(id);
  }
}
