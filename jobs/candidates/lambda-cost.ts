import type { TargetCpu } from '../../shared/contracts/compression/contract-spec';
import type { LambdaCost } from '../compression/compression-report';

/** AWS Lambda's list prices of us-east-1, 2026: USD per GB-second by architecture. */
const gigabyteSecond: Readonly<Record<TargetCpu, number>> = {
  avx2: 0.000_016_666_7,
  avx512vnni: 0.000_016_666_7,
  any: 0.000_016_666_7,
  arm64: 0.000_013_333_4,
};

/** A function of so many MB has one vCPU; a smaller one gets its share of it, in proportion (Lambda's documentation). */
const megabytesOfOneCpu = 1_769;

/** Of what the process takes, so that a peak does not end it. */
const memoryReserve = 1.2;

const sizes = [
  128, 192, 256, 384, 512, 768, 1_024, 1_280, 1_536, 1_769, 2_048, 3_072, 4_096, 6_144, 8_192, 10_240,
];

export interface LambdaRequest {
  /** Of one prediction on a whole core. */
  readonly milliseconds: number;
  /** Resident, of the process that serves. */
  readonly memoryMib: number;
  readonly cpu: TargetCpu;
  /** The largest size that is allowed. */
  readonly mostMegabytes?: number | undefined;
}

function costAt(megabytes: number, { milliseconds, cpu }: LambdaRequest): LambdaCost {
  const taken = milliseconds * Math.max(1, megabytesOfOneCpu / megabytes);
  // billed by the millisecond, and at least one
  const billed = Math.max(1, Math.ceil(taken));
  const price = (billed / 1_000) * (megabytes / 1_024) * gigabyteSecond[cpu];
  return { memory_mb: megabytes, billed_milliseconds: billed, usd_per_million: price * 1e6 };
}

/** The least memory that a model can be served with, in MB; undefined where no function has as much. */
export const leastMegabytes = (memoryMib: number): number | undefined =>
  sizes.find((size) => size >= memoryMib * memoryReserve);

/**
 * What computing costs, without the price of a request, which is the same for all: at the memory size at which it is least, of two that cost the same the larger, which answers sooner. Where the
 * model wants more than is allowed, the least that it wants.
 */
export function lambdaCost(request: LambdaRequest): LambdaCost {
  const least = leastMegabytes(request.memoryMib) ?? Math.max(...sizes);
  const most = Math.max(least, request.mostMegabytes ?? Math.max(...sizes));
  const costs = sizes.filter((size) => size >= least && size <= most).map((size) => costAt(size, request));
  const [best = costAt(least, request)] = costs.toSorted(
    (a, b) => a.usd_per_million - b.usd_per_million || b.memory_mb - a.memory_mb,
  );
  return best;
}
