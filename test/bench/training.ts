import { pythonPeers } from './python';
import type { Bench, Row } from './row';
import { median } from './row';
import {
  openIngot,
  openMatMul,
  openPython,
  openTensorFlow,
  pythonTrainers,
  type TrainingPeers,
  threads,
} from './train/contestants';
import { loopRow } from './train/loop-row';
import type { Peer } from './train/peer';
import { race } from './train/race';
import { arithmeticRow, curveRows, memoryRow, overheadRow, stepRow } from './train/rows';
import { cnn, mlp, transformer, type Workload } from './train/workloads';

const rounds = 15;
const matMulSize = 1024;

/** What is left of peers that are not needed any more: how much memory each of them had. */
async function ended(peers: readonly Peer[]): Promise<ReadonlyMap<string, number>> {
  const peaks = await Promise.all(peers.map(async (peer) => [peer.name, await peer.end()] as const));
  return new Map(peaks);
}

const told = (peers: readonly Peer[]) =>
  console.log(peers.map(({ name, version }) => `${name} ${version}`).join(', '));

async function mlpRows(python: TrainingPeers): Promise<Row[]> {
  const peers = [
    await openIngot(mlp),
    await openMatMul(matMulSize),
    ...(await openPython(python, mlp)),
    await openTensorFlow(mlp, 'wasm'),
    await openTensorFlow(mlp, 'cpu'),
  ];
  told(peers);
  const times = await race(peers, rounds);
  const what = '784-512-512-10 MLP, batch 128, Adam';
  const peaks = await ended(peers);
  return [
    ...stepRow(what, times, 'PyTorch', 1),
    ...stepRow(what, times, 'JAX'),
    ...stepRow(what, times, 'TensorFlow.js wasm', 1 / 25),
    ...stepRow(what, times, 'TensorFlow.js cpu'),
    ...arithmeticRow(mlp, matMulSize, times, 0.75),
    ...memoryRow('MLP', peaks, 1.5),
  ];
}

interface Contest {
  readonly what: string;
  readonly brief: string;
  readonly workload: Workload;
  /** Of PyTorch's time. */
  readonly most: number;
}

const contests: readonly Contest[] = [
  {
    what: 'Transformer encoder, 4 layers of 128, 4 heads, length 64, batch 32, AdamW',
    brief: 'Transformer',
    workload: transformer,
    most: 1.2,
  },
  {
    what: 'CNN 32-64-128 with batch-norm, 28x28, batch 64, Adam',
    brief: 'CNN',
    workload: cnn,
    most: 1.5,
  },
];

async function contestRows({ what, brief, workload, most }: Contest, python: TrainingPeers): Promise<Row[]> {
  const peers = [await openIngot(workload), ...(await openPython(python, workload))];
  told(peers);
  const times = await race(peers, rounds);
  const peaks = await ended(peers);
  return [
    ...stepRow(what, times, 'PyTorch', most),
    ...stepRow(what, times, 'JAX'),
    ...memoryRow(brief, peaks, 1.5),
  ];
}

const batches = [16, 32, 64, 128, 256, 512];
const widths = [128, 256, 512, 1024, 2048];

/** Sizes take turns too, so that a slow minute of the machine bends no curve. */
async function curve(along: 'batch' | 'parameters'): Promise<Row[]> {
  const workloads =
    along === 'batch'
      ? batches.map((batch) => ({ ...mlp, batch }))
      : widths.map((width) => ({ ...mlp, hidden: [width, width] }));
  const peers = await Promise.all(
    workloads.map(async (workload, index) => ({ ...(await openIngot(workload)), name: `${index}` })),
  );
  const times = await race(peers, 9);
  await ended(peers);
  const measured = workloads.map((workload, index) => ({
    workload,
    ms: median(times.get(`${index}`) ?? []),
  }));
  return curveRows(along, measured);
}

/** Training beside other engines, by turns in one run, on as many threads each, warm; medians of the rounds. */
export const training: Bench = async () => {
  const python = await pythonPeers(pythonTrainers);
  for (const reason of python.missing) console.log(`missing: ${reason}`);
  const rows = await mlpRows(python);
  for (const contest of contests) rows.push(...(await contestRows(contest, python)));
  rows.push(await overheadRow('MLP', mlp, 1_000, threads));
  rows.push(await overheadRow('Transformer', transformer, 50, threads));
  rows.push(await overheadRow('CNN', cnn, 100, threads));
  rows.push(await loopRow(threads));
  return [...rows, ...(await curve('batch')), ...(await curve('parameters'))];
};
