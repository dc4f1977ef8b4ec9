import { performance } from 'node:perf_hooks';
import { initialWeights } from '../../jobs/training/initial-weights';
import { networkOf } from '../../jobs/training/layers';
import { softmaxCrossEntropy } from '../../jobs/training/losses';
import { optimizerOf } from '../../jobs/training/optimizers/optimizer-of';
import { constantSchedule } from '../../jobs/training/schedules';
import {
  initialOptimizerState,
  nextName,
  singleStepModel,
  stateInputs,
  type Training,
  trainingLoopModel,
} from '../../jobs/training/training-step';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import { type ModelSpec, optimizerSpec } from '../../shared/contracts/kinds/train';
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
  const spec: ModelSpec = { family: 'mlp', hidden_units: [512, 512], activation: 'relu' };
  return {
    network: networkOf(spec, sizes),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'adam' }), constantSchedule(0.001)),
    features: sizes.inputs,
    batchSize,
  };
}

type State = Record<string, Tensor>;

function startOf(training: Training): State {
  const { parameters, optimizer } = stateInputs(training);
  const tensors = [
    ...initialWeights(training.network.parameters, { seed: 1 }),
    ...initialOptimizerState(training),
  ];
  return Object.fromEntries(
    [...parameters, ...optimizer].flatMap(({ name }, index) =>
      tensors[index] ? [[name, tensors[index]]] : [],
    ),
  );
}

/** Rows that look like digits to a Gemm: the values do not change its speed. */
function makeRows(count: number) {
  const pixels = Float32Array.from(
    { length: count * sizes.inputs },
    (_, index) => ((index * 7919) % 256) / 255,
  );
  const labels = BigInt64Array.from({ length: count }, (_, index) => BigInt((index * 31) % sizes.outputs));
  return { pixels, labels };
}

const elapsed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await work();
  return performance.now() - from;
};

async function prepare() {
  const training = theTraining();
  const runtime = onnxModelRuntime({ flushDenormals: true });
  const loop = await runtime.load(writeModel(trainingLoopModel(training)), { threads });
  const single = await runtime.load(writeModel(singleStepModel(training)), { threads });
  const { pixels, labels } = makeRows(steps * batchSize);
  const ones = new Float32Array(steps * batchSize).fill(1);
  const indices = BigInt64Array.from({ length: steps * batchSize }, (_, index) => BigInt(index));
  const start = startOf(training);
  const rows = {
    features: floats([steps * batchSize, sizes.inputs], pixels),
    targets: tensor('int64', [steps * batchSize], labels),
    indices: tensor('int64', [steps, batchSize], indices),
    weights: floats([steps, batchSize], ones),
    steps: tensor('int64', [], [steps]),
  };
  const batchAt = (step: number) => {
    const [from, to] = [step * batchSize, (step + 1) * batchSize];
    return {
      features: floats([batchSize, sizes.inputs], pixels.subarray(from * sizes.inputs, to * sizes.inputs)),
      targets: tensor('int64', [batchSize], labels.subarray(from, to)),
      weights: floats([batchSize], ones.subarray(from, to)),
    };
  };
  const runLoop = () => loop.run({ ...rows, ...start });
  const runSingles = async () => {
    let state = start;
    for (let step = 0; step < steps; step++) {
      const results = await single.run({ ...batchAt(step), ...state });
      state = Object.fromEntries(
        Object.keys(start).flatMap((name) =>
          results[nextName(name)] ? [[name, results[nextName(name)] as Tensor]] : [],
        ),
      );
    }
  };
  return { runLoop, runSingles };
}

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
