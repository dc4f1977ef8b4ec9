import { performance } from 'node:perf_hooks';
import { initialWeights } from '../../jobs/training/initial-weights';
import { networkOf } from '../../jobs/training/layers';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../jobs/training/loop-feeds';
import { softmaxCrossEntropy } from '../../jobs/training/losses';
import { optimizerOf } from '../../jobs/training/optimizers/optimizer-of';
import { constantSchedule } from '../../jobs/training/schedules';
import type { EpochChunk } from '../../jobs/training/training-rows';
import {
  initialOptimizerState,
  singleStepModel,
  type Training,
  trainingLoopModel,
} from '../../jobs/training/training-step';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import { type ModelSpec, optimizerSpec } from '../../shared/contracts/kinds/train';
import { floats, tensor } from '../../shared/onnx/build';
import { writeModel } from '../../shared/onnx/write-model';
import { type Bench, median, withGoal } from './row';

const sizes = { inputs: 784, outputs: 10 };
const batchSize = 128;
const steps = 50;
const threads = 2;
const repetitions = 9;

function theTraining(): Training {
  const spec: ModelSpec = { family: 'mlp', hidden_units: [512, 512], activation: 'relu' };
  return {
    network: networkOf(spec, sizes),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'adam' }), constantSchedule(0.001)),
    features: sizes.inputs,
    batchSize,
  };
}

/** Rows that look like digits to a Gemm: the values do not change its speed. */
function makeRows(): EpochChunk {
  const rows = steps * batchSize;
  const features = Float32Array.from(
    { length: rows * sizes.inputs },
    (_, index) => ((index * 7919) % 256) / 255,
  );
  const targets = BigInt64Array.from({ length: rows }, (_, index) => BigInt((index * 31) % sizes.outputs));
  return { rows, features, targets };
}

/** The same rows as a batch of their own, for a graph that picks none. */
function batchOf({ features, targets }: EpochChunk, step: number) {
  const [from, to] = [step * batchSize, (step + 1) * batchSize];
  return {
    features: floats([batchSize, sizes.inputs], features.subarray(from * sizes.inputs, to * sizes.inputs)),
    targets: tensor('int64', [batchSize], targets.subarray(from, to)),
    weights: floats([batchSize], new Float32Array(batchSize).fill(1)),
  };
}

const elapsed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await work();
  return performance.now() - from;
};

async function prepare() {
  const training = theTraining();
  const names = stateNames(training);
  const runtime = onnxModelRuntime({ flushDenormals: true });
  const loop = await runtime.load(writeModel(trainingLoopModel(training)), { threads });
  const single = await runtime.load(writeModel(singleStepModel(training)), { threads });
  const rows = makeRows();
  const start = {
    parameters: initialWeights(training.network.parameters, { seed: 1 }),
    optimizer: initialOptimizerState(training),
  };
  const allSteps = batchFeeds(rows, training, { from: 0, steps });
  const batches = Array.from({ length: steps }, (_, step) => batchOf(rows, step));
  const runLoop = () => loop.run({ ...allSteps, ...stateFeeds(names, start) });
  const runSingles = async () => {
    let state: ReturnType<typeof nextState> = start;
    for (const batch of batches)
      state = nextState(names, await single.run({ ...batch, ...stateFeeds(names, state) }));
  };
  return { runLoop, runSingles };
}

/** Parameters and optimizer state that stay inside the runtime for 50 steps, against handing them in and out at each. */
export const training: Bench = async () => {
  const { runLoop, runSingles } = await prepare();
  await runLoop();
  await runSingles();
  const times: { loop: number; singles: number }[] = [];
  for (let round = 0; round < repetitions; round++)
    times.push({ loop: await elapsed(runLoop), singles: await elapsed(runSingles) });
  const value = median(times.map(({ loop }) => loop)) / steps;
  const peer_value = median(times.map(({ singles }) => singles)) / steps;
  const row = {
    name: '784-512-512-10 MLP, batch 128, Adam: a step inside one Loop of 50',
    unit: 'ms',
    value,
    peer: 'one call a step',
    peer_value,
  };
  return [withGoal({ ...row, ratio: value / peer_value }, '<=', 0.6)];
};
