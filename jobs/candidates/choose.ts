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
  readonly goal: Weights;
}

export type Verdict = Pick<CompressionReport, 'chosen' | 'nearest_miss'>;

const times = (ratio: number): string => `${Number(ratio.toPrecision(3))}`;

/** What of the contract the original breaks itself. */
const brokenByOriginal = ({ original, contract }: Pick<Choice, 'contract' | 'original'>): string[] =>
  brokenClauses({ ...original, drop: { value: 0, low: 0, high: 0 } }, contract);

/** The candidate that keeps the contract and is best by the goal; the original where none does, or it is as good itself. */
export function choose({ candidates, original, contract, goal }: Choice): Verdict {
  const tried = candidates.filter(isTried);
  const keeping = tried.filter(({ measured }) => brokenClauses(measured, contract).length === 0);
  const [best] = keeping.toSorted(
    (a, b) => scoreOf(a.measured, original, goal) - scoreOf(b.measured, original, goal),
  );
  const broken = brokenByOriginal({ original, contract });
  if (best === undefined) return keepOriginal(tried, { contract, broken });
  const { measured } = best;
  if (broken.length === 0 && scoreOf(measured, original, goal) > -noise)
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

interface Kept {
  readonly contract: ReportedContract;
  /** By the original. */
  readonly broken: readonly string[];
}

function keepOriginal(tried: readonly Tried[], { contract, broken }: Kept): Verdict {
  const itself = broken.length === 0 ? '' : `; the original breaks it too: ${broken.join('; ')}`;
  const chosen = { id: 'original', why: `no candidate keeps the contract${itself}` };
  const [nearest] = tried.toSorted(
    (a, b) => distanceFrom(a.measured, contract) - distanceFrom(b.measured, contract),
  );
  if (nearest === undefined) return { chosen };
  const why = brokenClauses(nearest.measured, contract).join('; ');
  return { chosen, nearest_miss: { id: nearest.id, why } };
}
