import { median } from '../row';
import type { Peer } from './peer';

/** How long one peer's turn takes about, so that what else the machine does falls on all peers alike. */
const turnMilliseconds = 400;
const mostSteps = 100;

/** What each peer took, by its name: milliseconds of a step in each round. */
export type Times = ReadonlyMap<string, readonly number[]>;

/** All peers take turns, in the same process order reversed every other round, so that only ratios within a round count. */
export async function race(peers: readonly Peer[], rounds: number): Promise<Times> {
  const steps = new Map<Peer, number>();
  const times = new Map(peers.map(({ name }) => [name, [] as number[]]));
  for (const peer of peers) {
    const estimate = await peer.run(2);
    steps.set(peer, Math.max(1, Math.min(mostSteps, Math.round(turnMilliseconds / estimate))));
  }
  for (let round = 0; round < rounds; round++) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed())
      times.get(peer.name)?.push(await peer.run(steps.get(peer) ?? 1));
  }
  return times;
}

export interface Comparison {
  readonly value: number;
  readonly peerValue: number;
  /** The median of the rounds' ratios, not the ratio of the medians. */
  readonly ratio: number;
}

/** One peer beside another; undefined where one of them did not run. */
export function compared(times: Times, name: string, other: string): Comparison | undefined {
  const [own, theirs] = [times.get(name), times.get(other)];
  if (own === undefined || theirs === undefined) return undefined;
  const ratios = own.map((value, round) => value / (theirs[round] ?? Number.NaN));
  return { value: median(own), peerValue: median(theirs), ratio: median(ratios) };
}
