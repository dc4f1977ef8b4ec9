import { readFile } from 'node:fs/promises';
import { UnusableDataError } from '../../shared/errors/job-errors';
import type { Tensor } from '../../shared/onnx/ir';
import type { ModelSession } from '../../shared/ports/model-runtime';
import { quantile } from '../evaluation/metrics/quantile';
import { type Answers, headOf, readBatches, writeBatch } from './batch-folder';
import type { OrderOf, OutcomeOf } from './orders';
import type { TaskTools } from './task-tools';

interface Bounds {
  readonly fewest: number;
  readonly most: number;
  readonly milliseconds: number;
}

/** A measured call takes this long together with others, or is one of so many; slow models are run at least a few times. */
const warmUp: Bounds = { fewest: 2, most: 50, milliseconds: 200 };
const measured: Bounds = { fewest: 5, most: 5_000, milliseconds: 1_000 };

type Feeds = Readonly<Record<string, Tensor>>;

/** Milliseconds of each run of each session. They take turns, so that what the machine does beside weighs on all alike. */
async function takeTurns(
  sessions: readonly ModelSession[],
  feeds: Feeds,
  bounds: Bounds,
): Promise<number[][]> {
  const times = sessions.map((): number[] => []);
  const end = performance.now() + bounds.milliseconds;
  for (let round = 0; round < bounds.fewest || (round < bounds.most && performance.now() < end); round++)
    for (const [index, session] of sessions.entries()) {
      const start = performance.now();
      await session.run(feeds);
      times[index]?.push(performance.now() - start);
    }
  return times;
}

function percentiles(milliseconds: readonly number[]): { p50: number; p95: number } {
  const sorted = Float64Array.from(milliseconds).sort();
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

async function latenciesOf(sessions: readonly ModelSession[], feeds: Feeds) {
  await takeTurns(sessions, feeds, warmUp);
  return (await takeTurns(sessions, feeds, measured)).map(percentiles);
}

async function oneRow(folder: string): Promise<Feeds> {
  for await (const batch of readBatches(folder)) return headOf(batch, 1).feeds;
  throw new UnusableDataError('there are no rows to measure the model on');
}

/** Strings, integers and what else is no float are not judged, and not kept. */
const floatsOf = (outputs: Answers): Answers =>
  Object.fromEntries(
    Object.entries(outputs).filter(([, { elementType }]) =>
      ['float', 'double', 'float16'].includes(elementType),
    ),
  );

async function answer(session: ModelSession, { judged, answers }: OrderOf<'measure'>): Promise<void> {
  let index = 0;
  for await (const { feeds } of readBatches(judged))
    await writeBatch(answers, index++, floatsOf(await session.run(feeds)));
}

/**
 * One prediction at a time on one thread, as a function serves them, by turns with the original; the memory of the process
 * before the original joins it; then what the model answers to every batch.
 */
export async function measureModel(
  order: OrderOf<'measure'>,
  { servingRuntime: runtime }: TaskTools,
): Promise<OutcomeOf<'measure'>> {
  const options = { threads: 1, provider: order.provider };
  const feeds = await oneRow(order.judged);
  const model = await runtime.load(await readFile(order.model), options);
  await model.run(feeds);
  const memoryMib = process.memoryUsage.rss() / 2 ** 20;
  const original =
    order.original === undefined ? undefined : await runtime.load(await readFile(order.original), options);
  const [latency, originalLatency] = await latenciesOf([model, ...(original ? [original] : [])], feeds);
  await answer(model, order);
  if (latency === undefined) throw new Error('a session was not measured');
  return { latency, memoryMib, ...(originalLatency ? { originalLatency } : {}) };
}
