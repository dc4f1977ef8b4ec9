import { gzipSync } from 'node:zlib';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { Tensor } from '../../../shared/onnx/ir';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import { type Row, withGoal } from '../row';
import type { Peer } from '../train/peer';
import { compared, race, type Times } from '../train/race';

export type Feeds = Readonly<Record<string, Tensor>>;

/** A form of a model, whoever made it. */
export interface Contestant {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What one form of a model has to reach; all but `quality` beside the original. */
export interface Goals {
  /** Of the file, at most this share. */
  readonly bytes?: number;
  /** Of the file after gzip, at most this share. */
  readonly gzip?: number;
  /** At least so many times as fast. */
  readonly speed?: number;
  readonly quality?: number;
  /** In the unit of what is lost, at most. */
  readonly lost?: number;
}

export interface Quality {
  readonly name: string;
  readonly unit: string;
  readonly of: (session: ModelSession) => Promise<number>;
  /** What is worse than it was; under zero where it is better. */
  readonly lost?: { readonly unit: string; readonly of: (before: number, after: number) => number };
}

export interface Contest {
  readonly what: string;
  readonly original: Uint8Array;
  readonly contestants: readonly Contestant[];
  /** What is timed, by its name; the goal of speed is the first one's. */
  readonly turns: Readonly<Record<string, Feeds>>;
  readonly quality: Quality;
  readonly goals: Readonly<Record<string, Goals>>;
}

const original = 'float32';
const rounds = 15;

/** As a function serves: one thread. */
const openSession = (bytes: Uint8Array): Promise<ModelSession> =>
  onnxModelRuntime({ flushDenormals: true }).load(bytes, { threads: 1 });

const peerOf = (name: string, session: ModelSession, feeds: Feeds): Peer => ({
  name,
  version: '',
  async run(times) {
    const start = performance.now();
    for (let done = 0; done < times; done++) await session.run(feeds);
    return (performance.now() - start) / times;
  },
  end: async () => {
    await session.dispose();
    return 0;
  },
});

/** Forms of one model that take turns in this process, each round's times beside each other. */
export async function raceModels(contestants: readonly Contestant[], feeds: Feeds): Promise<Times> {
  const peers: Peer[] = [];
  for (const { name, bytes } of contestants) peers.push(peerOf(name, await openSession(bytes), feeds));
  const times = await race(peers, rounds);
  for (const peer of peers) await peer.end();
  return times;
}

async function qualityOf({ of }: Quality, bytes: Uint8Array): Promise<number> {
  const session = await openSession(bytes);
  try {
    return await of(session);
  } finally {
    await session.dispose();
  }
}

const goaled = (row: Row, comparison: '<=' | '>=', bound: number | undefined): Row =>
  bound === undefined ? row : withGoal(row, comparison, Number(bound.toFixed(4)));

interface Measured {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly quality: number;
  readonly times: Readonly<Record<string, Times>>;
}

function rowsOf(contest: Contest, before: number, { name, bytes, quality, times }: Measured): Row[] {
  const { what, quality: measure } = contest;
  const goals = contest.goals[name] ?? {};
  const title = (of: string) => `${what}, ${name}: ${of}`;
  const beside = (of: string, unit: string, value: number, peer_value: number): Row => ({
    name: title(of),
    unit,
    value,
    peer: original,
    peer_value,
    ratio: value / peer_value,
  });
  const size = beside('file', 'bytes', bytes.byteLength, contest.original.byteLength);
  const [packed, wasPacked] = [gzipSync(bytes).byteLength, gzipSync(contest.original).byteLength];
  const most = goals.speed === undefined ? undefined : 1 / goals.speed;
  const timed = Object.entries(times).flatMap(([turn, of], index) => {
    const time = compared(of, name, original);
    if (time === undefined) return [];
    const row = { ...beside(turn, 'ms', time.value, time.peerValue), ratio: time.ratio };
    return [goaled(row, '<=', index === 0 ? most : undefined)];
  });
  const { lost } = measure;
  return [
    goaled(size, '<=', goals.bytes),
    goaled(beside('file, gzip', 'bytes', packed, wasPacked), '<=', goals.gzip),
    goaled({ name: title(measure.name), unit: measure.unit, value: quality }, '>=', goals.quality),
    ...(lost === undefined
      ? []
      : [
          goaled({ name: title('lost'), unit: lost.unit, value: lost.of(before, quality) }, '<=', goals.lost),
        ]),
    ...timed,
  ];
}

/** Those that can be run at all; what others made of a model is told in a line where it cannot. */
async function runnable(contestants: readonly Contestant[], feeds: Feeds): Promise<readonly Contestant[]> {
  const able: Contestant[] = [];
  for (const contestant of contestants)
    try {
      const session = await openSession(contestant.bytes);
      await session.run(feeds).finally(() => session.dispose());
      able.push(contestant);
    } catch (error) {
      console.log(`  ${contestant.name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  return able;
}

/** Size, quality and time of every form, ours and others', beside the original: all in this process, on one thread. */
export async function contestRows(contest: Contest): Promise<Row[]> {
  const { what, turns, quality } = contest;
  const [anyFeeds = {}] = Object.values(turns);
  const contestants = await runnable(contest.contestants, anyFeeds);
  const all = [{ name: original, bytes: contest.original }, ...contestants];
  const times: Record<string, Times> = {};
  for (const [turn, feeds] of Object.entries(turns)) times[turn] = await raceModels(all, feeds);
  const before = await qualityOf(quality, contest.original);
  const rows: Row[] = [{ name: `${what}, ${original}: ${quality.name}`, unit: quality.unit, value: before }];
  for (const { name, bytes } of contestants)
    rows.push(...rowsOf(contest, before, { name, bytes, quality: await qualityOf(quality, bytes), times }));
  return rows;
}
