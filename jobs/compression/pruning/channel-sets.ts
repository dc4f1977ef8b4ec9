/** The channels along one axis, by number, one for each index; undefined where nothing of the axis can be removed. */
export type Axis = Int32Array | undefined;

/** Channels that can only be removed together, as disjoint sets (Tarjan, 1975); some of them never. */
export class ChannelSets {
  private readonly parents: number[] = [];
  private readonly reasons = new Map<number, string>();

  /** So many channels, each in a set of its own. */
  fresh(count: number): Int32Array {
    const first = this.parents.length;
    for (let channel = first; channel < first + count; channel++) this.parents.push(channel);
    return Int32Array.from({ length: count }, (_, index) => first + index);
  }

  /** The one that stands for the set of a channel. */
  find(channel: number): number {
    let root = channel;
    for (let parent = this.at(root); parent !== root; parent = this.at(root)) root = parent;
    for (let each = channel; each !== root; ) {
      const parent = this.at(each);
      this.parents[each] = root;
      each = parent;
    }
    return root;
  }

  join(a: number, b: number): void {
    const [to, from] = [this.find(a), this.find(b)];
    if (to === from) return;
    this.parents[from] = to;
    const reason = this.reasons.get(from);
    this.reasons.delete(from);
    if (reason !== undefined) this.block(to, reason);
  }

  /** Keeps a channel, and all that go with it, from being removed; the first reason counts. */
  block(channel: number, reason: string): void {
    const root = this.find(channel);
    if (!this.reasons.has(root)) this.reasons.set(root, reason);
  }

  /** Why the channel stays, where it has to. */
  reason(channel: number): string | undefined {
    return this.reasons.get(this.find(channel));
  }

  private at(channel: number): number {
    return this.parents[channel] ?? channel;
  }
}
