import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import type { ChannelGroup } from './channel-groups';
import type { Importance } from './importance';
import type { KeptChannels } from './remove-channels';

/** Where the channels to remove are looked for. */
export type Ranking =
  /** Among all groups alike: groups that matter less lose more. */
  | 'global'
  /** In each group the same share. */
  | 'uniform';

export interface Choice {
  /** Of all channels, those that go. */
  readonly fraction: number;
  readonly importance: Importance;
  readonly ranking: Ranking;
  /** Channels of a group of this size stay in multiples of so many. */
  readonly multipleFor: (size: number) => number;
  /** What they are called in errors. */
  readonly noun: string;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** The nearest multiple where the group is large enough for it; at least one channel stays. */
function rounded(count: number, size: number, multiple: number): number {
  if (size < 2 * multiple) return Math.min(size, Math.max(1, Math.round(count)));
  return Math.min(size, Math.max(multiple, multiple * Math.round(count / multiple)));
}

function scoresOf({ name, size }: ChannelGroup, importance: Importance): Float64Array {
  const scores = importance.get(name);
  if (scores?.length === size) return scores;
  throw new UnsuitableModelError(
    `the importance of the ${size} channels of '${name}' is needed, got ${scores?.length ?? 'none'}: measure it on this very model`,
  );
}

/** Scores of different groups are comparable by their share in the group's mean. */
function normalized(scores: Float64Array): Float64Array {
  const mean = scores.reduce((total, each) => total + each, 0) / scores.length;
  return mean > 0 ? scores.map((each) => each / mean) : scores;
}

/** How many of each group stay when the least of all groups go; one of each always does. */
function globalCounts(groups: readonly ChannelGroup[], { fraction, importance }: Choice): readonly number[] {
  const ranked = groups.flatMap((group, index) => {
    const [, ...rest] = [...normalized(scoresOf(group, importance))].sort((a, b) => b - a);
    return rest.map((score) => ({ index, score }));
  });
  const gone = Math.round(fraction * sum(groups.map(({ size }) => size)));
  const counts = groups.map(({ size }) => size);
  for (const { index } of ranked.sort((a, b) => a.score - b.score).slice(0, gone))
    counts[index] = (counts[index] ?? 0) - 1;
  return counts;
}

const uniformCounts = (groups: readonly ChannelGroup[], { fraction }: Choice): readonly number[] =>
  groups.map(({ size }) => size * (1 - fraction));

function checkFraction(groups: readonly ChannelGroup[], { fraction, noun }: Choice): void {
  const all = sum(groups.map(({ size }) => size));
  const most = (all - groups.length) / all;
  if (fraction > 0 && fraction < 1 && Math.round(fraction * all) <= all - groups.length) return;
  throw new UnsuitableModelError(
    `without ${fraction} of the model's ${all} ${noun} nothing would be left of some layers: remove more than 0, and at most ${most.toFixed(3)}`,
  );
}

/** The most important ones, in the order in which the group has them. */
function best(scores: Float64Array, count: number): readonly number[] {
  const order = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  return order.slice(0, count).sort((a, b) => a - b);
}

/** The channels that stay. `UnsuitableModelError` for a fraction that leaves nothing of a layer. */
export function chooseChannels(groups: readonly ChannelGroup[], choice: Choice): KeptChannels {
  if (groups.length === 0)
    throw new UnsuitableModelError(
      `the model has no ${choice.noun} that could be removed: each of them is given out, or goes through an operator that takes all of them together`,
    );
  checkFraction(groups, choice);
  const counts = (choice.ranking === 'global' ? globalCounts : uniformCounts)(groups, choice);
  return new Map(
    groups.map((group, index) => {
      const count = rounded(counts[index] ?? group.size, group.size, choice.multipleFor(group.size));
      return [group.name, best(scoresOf(group, choice.importance), count)];
    }),
  );
}
