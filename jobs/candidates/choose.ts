import type { RecipeName } from '../../shared/contracts/kinds/compress';
import type {
  CandidateReport,
  CompressionReport,
  Measured,
  ReportedContract,
} from '../compression/compression-report';
import { brokenClauses, distanceFrom } from './hold-contract';

/** What is weighed of candidates that keep the contract: how much of the original's bytes and of its time they take. */
export interface Goal {
  readonly bytes: number;
  readonly latency: number;
  readonly told: string;
  /** How much slower than the original the chosen one may be, as a factor. */
  readonly slowest: number;
}

/** Beyond what a clock strays by, nobody who did not ask for it wants a smaller model that is slower. */
const noSlower = 1.05;
const anySpeed = Number.POSITIVE_INFINITY;

const even: Goal = { bytes: 1, latency: 1, told: 'the product of bytes and latency', slowest: noSlower };

const goals: Readonly<Record<RecipeName, Goal>> = {
  fast: { bytes: 0.1, latency: 1, told: 'latency before bytes', slowest: noSlower },
  small: { bytes: 1, latency: 0.1, told: 'bytes before latency', slowest: anySpeed },
  balanced: even,
  auto: even,
};

/** What is wanted of the candidates: as the first recipe that was asked for has it. Who names steps alone wants those. */
export const goalOf = ([first]: readonly RecipeName[]): Goal =>
  first === undefined ? { ...even, slowest: anySpeed } : goals[first];

type Tried = CandidateReport & { readonly measured: Measured };

const isTried = (candidate: CandidateReport): candidate is Tried => candidate.measured !== undefined;

const p50 = ({ latency_milliseconds: latency }: Measured): number => latency.p50;

/** Under zero where it is smaller or faster than the original by more than it is the other way. */
export const scoreOf = (measured: Measured, original: Measured, { bytes, latency }: Goal): number =>
  bytes * Math.log(measured.bytes / original.bytes) + latency * Math.log(p50(measured) / p50(original));

/** A clock is not better by a hundredth. */
const noise = 0.02;

const axes: readonly ((measured: Measured) => number)[] = [
  ({ bytes }) => bytes,
  p50,
  ({ drop }) => drop.value,
];

const dominates = (one: Measured, other: Measured): boolean =>
  axes.every((axis) => axis(one) <= axis(other)) && axes.some((axis) => axis(one) < axis(other));

/** Whether nothing else that was tried is as good in bytes, latency and drop, and better in one of them. */
const isOnFront = (measured: Measured, all: readonly Measured[]): boolean =>
  !all.some((other) => dominates(other, measured));

/** Every candidate with whether it is on the Pareto front of bytes, latency and drop, the original among them. */
export function withFront(candidates: readonly CandidateReport[], original: Measured): CandidateReport[] {
  const all = [original, ...candidates.filter(isTried).map(({ measured }) => measured)];
  return candidates.map((candidate) => ({
    ...candidate,
    on_front: isTried(candidate) && isOnFront(candidate.measured, all),
  }));
}

export interface Choice {
  readonly candidates: readonly CandidateReport[];
  readonly original: Measured;
  readonly contract: ReportedContract;
  readonly goal: Goal;
}

export type Verdict = Pick<CompressionReport, 'chosen' | 'nearest_miss'>;

const times = (ratio: number): string => `${Number(ratio.toPrecision(3))}`;

/** What of the contract the original breaks itself. */
const brokenByOriginal = ({ original, contract }: Pick<Choice, 'contract' | 'original'>): string[] =>
  brokenClauses({ ...original, drop: { value: 0, low: 0, high: 0 } }, contract);

/** Something was done to it: all but the cleaned original. */
const isMade = ({ steps }: CandidateReport): boolean => steps.length > 0;

/** The candidate that keeps the contract and is best by the goal; the original where none does, or it is as good itself. */
export function choose({ candidates, original, contract, goal }: Choice): Verdict {
  const tried = candidates.filter(isTried);
  const keeping = tried.filter(({ breaks }) => breaks.length === 0);
  const slowest = contract.max_latency_ms === undefined ? goal.slowest : anySpeed;
  const quick = keeping.filter(({ measured }) => p50(measured) <= slowest * p50(original));
  const [best] = quick.toSorted(
    (a, b) => scoreOf(a.measured, original, goal) - scoreOf(b.measured, original, goal),
  );
  const broken = brokenByOriginal({ original, contract });
  const made = keeping.filter(isMade).length;
  if (best === undefined || (broken.length === 0 && scoreOf(best.measured, original, goal) > -noise)) {
    const slower = keeping.length - quick.length;
    const why = made > 0 ? noGain(made, slower, goal) : noneKeeps(broken);
    return keepOriginal(tried, { why, isMissed: made === 0, contract });
  }
  const bytes = times(best.measured.bytes / original.bytes);
  const latency = times(p50(best.measured) / p50(original));
  return {
    chosen: {
      id: best.id,
      why: `of ${made} candidates that keep the contract it is the best by ${goal.told}: ${bytes} of the bytes, ${latency} of the latency`,
    },
  };
}

const noGain = (made: number, slower: number, goal: Goal): string =>
  slower === 0
    ? `${made} candidates keep the contract, and none is better than the original by ${goal.told}, beyond the measurement's noise`
    : `${made} candidates keep the contract, but ${slower} of them are slower than the original, and the others no better by ${goal.told}; ask for the recipe 'small', or give max_latency_ms, where bytes count more than time`;

const noneKeeps = (broken: readonly string[]): string =>
  `no candidate keeps the contract${broken.length === 0 ? '' : `; the original breaks it too: ${broken.join('; ')}`}`;

/** What came nearest is told where nothing that was made keeps the contract. */
function keepOriginal(
  tried: readonly Tried[],
  { why, isMissed, contract }: { why: string; isMissed: boolean; contract: ReportedContract },
): Verdict {
  const chosen = { id: 'original', why };
  const missed = tried.filter((candidate) => isMade(candidate) && candidate.breaks.length > 0);
  const [nearest] = missed.toSorted(
    (a, b) => distanceFrom(a.measured, contract) - distanceFrom(b.measured, contract),
  );
  if (nearest === undefined || !isMissed) return { chosen };
  return { chosen, nearest_miss: { id: nearest.id, why: nearest.breaks.join('; ') } };
}
