import type { ChannelTrace } from './channel-trace';

/** Every axis that channels run along, weights' first. */
function* axesIn(trace: ChannelTrace): Generator<Int32Array> {
  const seen = new Set<Int32Array>();
  const all = [...trace.constants.values(), ...[...trace.nodes.values()].flat()];
  for (const axes of all)
    for (const axis of axes ?? []) {
      if (axis === undefined || seen.has(axis)) continue;
      seen.add(axis);
      yield axis;
    }
}

/**
 * Sets of channels that run along just the same axes, in the order in which they are met. So each axis consists of whole
 * groups: as long as one channel is left of each group, no axis of the graph is ever empty.
 */
export function splitByAxes(trace: ChannelTrace): readonly (readonly number[])[] {
  const groups: Set<number>[] = [];
  const groupOf = new Map<number, number>();
  for (const axis of axesIn(trace)) {
    const roots = new Set<number>();
    for (const channel of axis)
      if (trace.sets.reason(channel) === undefined) roots.add(trace.sets.find(channel));
    split(roots, groups, groupOf);
  }
  return groups.filter(({ size }) => size > 0).map((members) => [...members]);
}

/** Parts each group into those that are in the set and those that are not; those met first are a new group. */
function split(roots: ReadonlySet<number>, groups: Set<number>[], groupOf: Map<number, number>): void {
  const parts = new Map<number | undefined, number[]>();
  for (const root of roots) {
    const group = groupOf.get(root);
    const part = parts.get(group) ?? [];
    part.push(root);
    parts.set(group, part);
  }
  for (const [group, part] of parts) {
    const whole = group === undefined ? undefined : groups[group];
    if (whole?.size === part.length) continue;
    const ordered = whole === undefined ? part : [...whole].filter((root) => roots.has(root));
    for (const root of ordered) {
      whole?.delete(root);
      groupOf.set(root, groups.length);
    }
    groups.push(new Set(ordered));
  }
}
