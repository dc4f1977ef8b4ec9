import { performance } from 'node:perf_hooks';
import { rowPicker } from '../../jobs/training/batch-picker';
import { mlpNetwork } from '../../jobs/training/families/tabular';
import { initialWeights } from '../../jobs/training/initial-weights';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../jobs/training/loop-feeds';
import { softmaxCrossEntropy } from '../../jobs/training/losses/cross-entropy';
import { optimizerOf } from '../../jobs/training/optimizers/optimizer-of';
import { rowOfFloats } from '../../jobs/training/row-type';
import { constantSchedule } from '../../jobs/training/schedules';
import type { EpochChunk } from '../../jobs/training/training-rows';
import type { StateOf } from '../../jobs/training/training-state';
import {
  initialOptimizerState,
  singleStepModel,
  type Training,
  trainingLoopModel,
} from '../../jobs/training/training-step';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import { mlpSpec } from '../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../shared/contracts/training/optimizer-spec';
import { floats, tensor } from '../../shared/onnx/build';
import type { Tensor } from '../../shared/onnx/ir';
import { writeModel } from '../../shared/onnx/write-model';
import { type Bench, median, withGoal } from './row';

const sizes = { inputs: 784, outputs: 10 };
const batchSize = 128;
const steps = 50;
const threads = 2;
const repetitions = 9;

function theTraining(): Training {
  const spec = mlpSpec.parse({ family: 'mlp', hidden_units: [512, 512] });
  const schedule = constantSchedule(0.001);
  return {
    network: mlpNetwork(spec, sizes),
    picker: rowPicker(rowOfFloats(sizes.inputs), softmaxCrossEntropy.targets),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'adam' }), schedule),
    schedule,
    batchSize,
    seed: 1,
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
  return {
    rows,
    features: floats([rows, sizes.inputs], features),
    targets: tensor('int64', [rows], targets),
  };
}

/** The same rows as a batch of their own, for a graph that picks none. */
function batchOf({ features, targets }: EpochChunk, step: number) {
  const rowsOf = ({ data }: Tensor, length: number) =>
    Array.from(data, Number).slice(step * batchSize * length, (step + 1) * batchSize * length);
  return {
    features: floats([batchSize, sizes.inputs], rowsOf(features, sizes.inputs)),
    targets: tensor('int64', [batchSize], targets ? rowsOf(targets, 1) : []),
    weights: floats([batchSize], new Float32Array(batchSize).fill(1)),
    first_batch: tensor('int64', [], [step]),
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
  const start: StateOf<Tensor> = {
    ...initialWeights(training.network, 1),
    optimizer: initialOptimizerState(training),
    averages: [],
  };
  const allSteps = batchFeeds(rows, training, { from: 0, steps, stepsDone: 0 });
  const batches = Array.from({ length: steps }, (_, step) => batchOf(rows, step));
  const runLoop = () => loop.run({ ...allSteps, ...stateFeeds(names, start) });
  const runSingles = async () => {
    let state = start;
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
