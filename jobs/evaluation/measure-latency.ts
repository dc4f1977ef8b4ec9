import type { Tensor } from '../../shared/onnx/ir';
import type { ModelSession } from '../../shared/ports/model-runtime';

type Feeds = Readonly<Record<string, Tensor>>;

interface Bounds {
  fewest: number;
  most: number;
  milliseconds: number;
}

const warmUp: Bounds = { fewest: 1, most: 20, milliseconds: 300 };
const measured: Bounds = { fewest: 3, most: 400, milliseconds: 1_500 };

/**
 * Median milliseconds of a run of each session on the same feeds, warm. They take turns, so that what the machine does
 * beside weighs on all alike; slow models are run less often, but at least three times.
 */
export async function measureLatency(
  sessions: readonly ModelSession[],
  feeds: Feeds,
): Promise<readonly number[]> {
  await takeTurns(sessions, feeds, warmUp);
  const rounds = await takeTurns(sessions, feeds, measured);
  return sessions.map((_, index) => median(rounds.map((times) => times[index] ?? Number.NaN)));
}

async function takeTurns(
  sessions: readonly ModelSession[],
  feeds: Feeds,
  { fewest, most, milliseconds }: Bounds,
): Promise<number[][]> {
  const rounds: number[][] = [];
  const end = performance.now() + milliseconds;
  while (rounds.length < fewest || (rounds.length < most && performance.now() < end)) {
    const times: number[] = [];
    for (const session of sessions) times.push(await timed(session, feeds));
    rounds.push(times);
  }
  return rounds;
}

async function timed(session: ModelSession, feeds: Feeds): Promise<number> {
  const start = performance.now();
  await session.run(feeds);
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
