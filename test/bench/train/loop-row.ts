import { performance } from 'node:perf_hooks';
import { initialWeights } from '../../../jobs/training/initial-weights';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../../jobs/training/loop-feeds';
import type { StateOf } from '../../../jobs/training/training-state';
import {
  initialOptimizerState,
  singleStepModel,
  trainingLoopModel,
} from '../../../jobs/training/training-step';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { floats, tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { writeModel } from '../../../shared/onnx/write-model';
import { median, type Row, withGoal } from '../row';
import { rowsOf, trainingOf } from './ingot-training';
import { mlp } from './workloads';

const steps = 50;
const repetitions = 9;

/** A batch's rows as tensors of their own, for a graph that picks none. */
function batchesOf({ features, targets }: { features: Tensor; targets?: Tensor }) {
  const weights = floats([mlp.batch], new Float32Array(mlp.batch).fill(1));
  const rowsOfBatch = ({ elementType, dims, data }: Tensor, step: number) => {
    const [, ...row] = dims;
    const length = mlp.batch * row.reduce((product, size) => product * size, 1);
    const part = Array.from<unknown, number>(data, Number).slice(step * length, (step + 1) * length);
    return tensor(elementType, [mlp.batch, ...row], part);
  };
  return Array.from({ length: steps }, (_, step) => ({
    features: rowsOfBatch(features, step),
    ...(targets === undefined ? {} : { targets: rowsOfBatch(targets, step) }),
    weights,
    first_batch: tensor('int64', [], [step]),
  }));
}

const elapsed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await work();
  return performance.now() - from;
};

async function prepare(threads: number) {
  const { training, rows } = trainingOf(mlp);
  const names = stateNames(training);
  const runtime = onnxModelRuntime({ flushDenormals: true });
  const loop = await runtime.load(writeModel(trainingLoopModel(training)), { threads });
  const single = await runtime.load(writeModel(singleStepModel(training)), { threads });
  const chunk = rowsOf(mlp, rows, steps);
  const start: StateOf<Tensor> = {
    ...initialWeights(training.network, 1),
    optimizer: initialOptimizerState(training),
    averages: [],
  };
  const allSteps = batchFeeds(chunk, training, { from: 0, steps, stepsDone: 0 });
  const batches = batchesOf(chunk);
  const runLoop = () => loop.run({ ...allSteps, ...stateFeeds(names, start) });
  const runSingles = async () => {
    let state = start;
    for (const batch of batches)
      state = nextState(names, await single.run({ ...batch, ...stateFeeds(names, state) }));
  };
  return { runLoop, runSingles };
}

/** Parameters and optimizer state that stay inside the runtime for 50 steps, beside handing them in and out at each. */
export async function loopRow(threads: number): Promise<Row> {
  const { runLoop, runSingles } = await prepare(threads);
  await runLoop();
  await runSingles();
  const times: { loop: number; singles: number }[] = [];
  for (let round = 0; round < repetitions; round++)
    times.push({ loop: await elapsed(runLoop), singles: await elapsed(runSingles) });
  const row = {
    name: `MLP: a step inside one Loop of ${steps}`,
    unit: 'ms',
    value: median(times.map(({ loop }) => loop)) / steps,
    peer: 'one call a step',
    peer_value: median(times.map(({ singles }) => singles)) / steps,
    ratio: median(times.map(({ loop, singles }) => loop / singles)),
  };
  return withGoal(row, '<=', 0.6);
}
