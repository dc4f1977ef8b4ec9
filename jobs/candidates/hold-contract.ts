import type { Measured, ReportedContract } from '../compression/compression-report';
import { leastMegabytes } from './lambda-cost';

interface Clause {
  /** How far beyond the limit, as a share of it: over zero where it is broken; undefined where nothing is asked. */
  readonly excess: (measured: Measured, contract: ReportedContract) => number | undefined;
  readonly told: (measured: Measured, contract: ReportedContract) => string;
}

const over = (value: number, limit: number | undefined): number | undefined =>
  limit === undefined ? undefined : (value - limit) / Math.max(limit, Number.EPSILON);

const needed = ({ memory_mib: mib }: Measured): number => leastMegabytes(mib) ?? Number.POSITIVE_INFINITY;

/** Rounding must not break a contract: a drop of 0.01 may be stored as a little more. */
const tolerance = 1e-9;

const short = (value: number): string => String(Number(value.toPrecision(3)));

const ofDrop: Clause = {
  // a drop is held against its limit as it stands: a limit of zero has no share
  excess: ({ drop }, { max_drop: most }) => (drop.value - most) / Math.max(most, 1e-3),
  told: ({ drop }, { metric, max_drop: most }) =>
    `${metric} is ${short(drop.value)} worse, and ${short(most)} is allowed`,
};

type Drop = Measured['drop'];

/** What a drop breaks, in words; undefined where it keeps the contract. */
export const brokenByDrop = (
  { value }: Drop,
  { metric, max_drop: most }: ReportedContract,
): string | undefined =>
  value - most <= tolerance ? undefined : `${metric} is ${short(value)} worse, and ${short(most)} is allowed`;

/** A drop in words. */
export const describedDrop = ({ value, low, high }: Drop, { metric }: ReportedContract): string =>
  `${short(Math.abs(value))} ${value < 0 ? 'better' : 'worse'} in ${metric} (from ${short(low)} to ${short(high)})`;

const clauses: readonly Clause[] = [
  ofDrop,
  {
    excess: ({ bytes }, { max_bytes: most }) => over(bytes, most),
    told: ({ bytes }, { max_bytes: most }) => `it has ${bytes} bytes, and ${most} are allowed`,
  },
  {
    excess: ({ latency_milliseconds: { p95 } }, { max_latency_ms: most }) => over(p95, most),
    told: ({ latency_milliseconds: { p95 } }, { max_latency_ms: most }) =>
      `95 of 100 predictions take up to ${short(p95)} ms, and ${most} are allowed`,
  },
  {
    excess: (measured, { target }) => over(needed(measured), target.memory_mb),
    told: (measured, { target }) =>
      `it wants a function of ${needed(measured)} MB, and ${target.memory_mb} are allowed`,
  },
];

const isBroken = (excess: number | undefined): boolean => !(excess === undefined || excess <= tolerance);

/** What of the contract a candidate breaks, in words; empty where it keeps all of it. NaN keeps nothing. */
export const brokenClauses = (measured: Measured, contract: ReportedContract): string[] =>
  clauses
    .filter(({ excess }) => isBroken(excess(measured, contract)))
    .map(({ told }) => told(measured, contract));

/** How far a candidate is from keeping the contract: the sum of what it is beyond each limit; 0 where it keeps all. */
export const distanceFrom = (measured: Measured, contract: ReportedContract): number =>
  clauses
    .map(({ excess }) => excess(measured, contract))
    .filter(isBroken)
    .reduce((sum: number, excess = 0) => sum + (Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess), 0);

/** Whether its drop is what breaks the contract, and nothing else. */
export const isBrokenByDrop = (measured: Measured, contract: ReportedContract): boolean =>
  clauses.every((clause) => isBroken(clause.excess(measured, contract)) === (clause === ofDrop));
