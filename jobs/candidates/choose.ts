import type { RecipeName } from '../../shared/contracts/kinds/compress';
import type {
  CandidateReport,
  CompressionReport,
  Measured,
  ReportedContract,
} from '../compression/compression-report';
import { brokenClauses, distanceFrom } from './hold-contract';

/** What is weighed of candidates that keep the contract: how much of the original's bytes and of its time they take. */
interface Weights {
  readonly bytes: number;
  readonly latency: number;
  readonly told: string;
}

const even: Weights = { bytes: 1, latency: 1, told: 'the product of bytes and latency' };

const weightsOf: Readonly<Record<RecipeName, Weights>> = {
  fast: { bytes: 0.1, latency: 1, told: 'latency before bytes' },
  small: { bytes: 1, latency: 0.1, told: 'bytes before latency' },
  balanced: even,
  auto: even,
};

/** What is wanted of the candidates: as the first recipe that was asked for has it. */
export const goalOf = (recipes: readonly RecipeName[]): Weights => weightsOf[recipes[0] ?? 'auto'];

type Tried = CandidateReport & { readonly measured: Measured };

const isTried = (candidate: CandidateReport): candidate is Tried => candidate.measured !== undefined;

const p50 = ({ latency_milliseconds: latency }: Measured): number => latency.p50;

/** Under zero where it is smaller or faster than the original by more than it is the other way. */
export const scoreOf = (measured: Measured, original: Measured, { bytes, latency }: Weights): number =>
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
export const isOnFront = (measured: Measured, all: readonly Measured[]): boolean =>
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
  readonly goal: Weights;
}

export type Verdict = Pick<CompressionReport, 'chosen' | 'nearest_miss'>;

const times = (ratio: number): string => `${Number(ratio.toPrecision(3))}`;

/** The candidate that keeps the contract and is best by the goal; the original where none does and gains. */
export function choose({ candidates, original, contract, goal }: Choice): Verdict {
  const tried = candidates.filter(isTried);
  const keeping = tried.filter(({ measured }) => brokenClauses(measured, contract).length === 0);
  const [best] = keeping.toSorted(
    (a, b) => scoreOf(a.measured, original, goal) - scoreOf(b.measured, original, goal),
  );
  if (best === undefined) return keepOriginal(tried, { contract, original });
  const { measured } = best;
  if (scoreOf(measured, original, goal) > -noise)
    return {
      chosen: {
        id: 'original',
        why: `${keeping.length} of ${tried.length} candidates keep the contract, and none is smaller or faster by more than the measurement's noise`,
      },
    };
  const bytes = times(measured.bytes / original.bytes);
  const latency = times(p50(measured) / p50(original));
  return {
    chosen: {
      id: best.id,
      why: `of ${keeping.length} candidates that keep the contract it is the best by ${goal.told}: ${bytes} of the bytes, ${latency} of the latency`,
    },
  };
}

function keepOriginal(
  tried: readonly Tried[],
  { contract, original }: Pick<Choice, 'contract' | 'original'>,
): Verdict {
  const also = brokenClauses({ ...original, drop: { value: 0, low: 0, high: 0 } }, contract);
  const itself = also.length === 0 ? '' : `; the original breaks it too: ${also.join('; ')}`;
  const chosen = { id: 'original', why: `no candidate keeps the contract${itself}` };
  const [nearest] = tried.toSorted(
    (a, b) => distanceFrom(a.measured, contract) - distanceFrom(b.measured, contract),
  );
  if (nearest === undefined) return { chosen };
  return {
    chosen,
    nearest_miss: { id: nearest.id, why: brokenClauses(nearest.measured, contract).join('; ') },
  };
}
