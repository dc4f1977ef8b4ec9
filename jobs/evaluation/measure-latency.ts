import type { Tensor } from '../../shared/onnx/ir';
import type { ModelSession } from '../../shared/ports/model-runtime';

type Feeds = Readonly<Record<string, Tensor>>;

const warmUpRuns = 20;
const fewestRuns = 25;
const mostRuns = 400;
const budgetMilliseconds = 1_500;

/**
 * Median milliseconds of a run of each session on the same feeds, warm. They take turns, so that what the machine does
 * beside weighs on all alike.
 */
export async function measureLatency(
  sessions: readonly ModelSession[],
  feeds: Feeds,
): Promise<readonly number[]> {
  const times = sessions.map((): number[] => []);
  for (let run = 0; run < warmUpRuns; run++) for (const session of sessions) await session.run(feeds);
  const end = performance.now() + budgetMilliseconds;
  for (let run = 0; run < mostRuns && (run < fewestRuns || performance.now() < end); run++)
    for (const [index, session] of sessions.entries()) times[index]?.push(await timed(session, feeds));
  return times.map(median);
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
