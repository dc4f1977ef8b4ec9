import { join } from 'node:path';
import type { PythonPeers, PythonWishes } from '../python';
import { openPeer, type Peer } from './peer';
import type { Workload } from './workloads';

/** Of every peer: as many as the machine has that the targets were set on, or as `INGOT_BENCH_THREADS` says. */
export const threads = Number(process.env.INGOT_BENCH_THREADS ?? 2);

const script = (name: string): string => join(import.meta.dirname, 'peers', name);

const inNode = (name: string): readonly string[] => ['--import', 'tsx', script(name)];

export const openIngot = (workload: Workload): Promise<Peer> =>
  openPeer({ command: process.execPath, args: inNode('ingot-peer.ts'), workload, threads });

/** One product of two such square matrices a step. */
export const openMatMul = (size: number): Promise<Peer> =>
  openPeer({ command: process.execPath, args: inNode('matmul-peer.ts'), workload: { size }, threads });

/** TensorFlow.js by one of its backends; in Node its wasm backend has one thread. */
export const openTensorFlow = (workload: Workload, backend: 'cpu' | 'wasm'): Promise<Peer> =>
  openPeer({ command: process.execPath, args: inNode('tfjs-peer.ts'), workload, threads, rest: [backend] });

type Trainer = 'torch' | 'jax';

/** Those that come from PyPI. */
export const pythonTrainers: PythonWishes<Trainer> = {
  torch: { install: ['torch', 'numpy'], modules: ['torch', 'numpy'] },
  jax: { install: ['jax', 'optax'], modules: ['jax', 'optax'] },
};
export type TrainingPeers = PythonPeers<Trainer>;

const pythonScripts = { torch: 'torch_peer.py', jax: 'jax_peer.py' } as const;

/** Those of PyTorch and JAX that are there. */
export const openPython = ({ python, found }: TrainingPeers, workload: Workload): Promise<Peer[]> =>
  Promise.all(
    found.map((name) =>
      openPeer({ command: python, args: [script(pythonScripts[name])], workload, threads }),
    ),
  );
