import { performance } from 'node:perf_hooks';
import { initialWeights } from '../../../jobs/training/initial-weights';
import { train } from '../../../jobs/training/train';
import type { EpochChunk } from '../../../jobs/training/training-rows';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { ModelRuntime } from '../../../shared/ports/model-runtime';
import { rowsOf, trainingOf } from './ingot-training';
import type { Workload } from './workloads';

interface Clock {
  /** When the training's graph was built and loaded. */
  loadedAt: number;
  /** Milliseconds that the runtime computed. */
  running: number;
}

/** A runtime that tells how long it was waited for. */
function timedRuntime(clock: Clock): ModelRuntime {
  const runtime = onnxModelRuntime({ flushDenormals: true });
  return {
    async load(bytes, options) {
      const session = await runtime.load(bytes, options);
      clock.loadedAt = performance.now();
      const run: typeof session.run = async (feeds, fetches) => {
        const from = performance.now();
        const results = await session.run(feeds, fetches);
        clock.running += performance.now() - from;
        return results;
      };
      return { ...session, run };
    },
  };
}

const sameEachEpoch = (chunk: EpochChunk) => ({
  rows: chunk.rows,
  async *epoch() {
    yield chunk;
  },
});

const services = {
  checkpoints: { latest: async () => undefined, save: async () => undefined },
  signal: new AbortController().signal,
  report: () => undefined,
  log: () => undefined,
};

export interface Overhead {
  /** Milliseconds of a step of a whole training. */
  readonly step: number;
  /** Those of them in which the runtime did not compute. */
  readonly outside: number;
}

const batches = 50;

/** What a training does beside computing: feeding, reporting, encoding checkpoints. Building its graph, once, is left out. */
export async function overheadOf(workload: Workload, steps: number, threads: number): Promise<Overhead> {
  const { training, rows } = trainingOf(workload);
  const clock: Clock = { loadedAt: 0, running: 0 };
  const options = {
    training,
    rows: sameEachEpoch(rowsOf(workload, rows, batches)),
    initialWeights: initialWeights(training.network, 1),
    epochs: Math.ceil(steps / batches),
    steps,
    fingerprint: 'bench',
  };
  await train(options, { ...services, runtime: timedRuntime(clock), session: { threads } });
  const whole = performance.now() - clock.loadedAt;
  return { step: whole / steps, outside: (whole - clock.running) / steps };
}
