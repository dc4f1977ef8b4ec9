import { initialWeights } from '../../../../jobs/training/initial-weights';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../../../jobs/training/loop-feeds';
import type { StateOf } from '../../../../jobs/training/training-state';
import { initialOptimizerState, trainingLoopModel } from '../../../../jobs/training/training-step';
import packageFile from '../../../../package.json';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { Tensor } from '../../../../shared/onnx/ir';
import { writeModel } from '../../../../shared/onnx/write-model';
import { rowsOf, trainingOf } from '../ingot-training';
import { asked, serve } from './serve';

/** Ingot's side of the bench: many steps in one `Loop`, as `train` runs them. */
const { workload, threads } = asked();
const { training, rows } = trainingOf(workload);
/** In a chunk, and so in a call at most. */
const batches = 50;
const chunk = rowsOf(workload, rows, batches);
const names = stateNames(training);
const runtime = onnxModelRuntime({ flushDenormals: true });
const session = await runtime.load(writeModel(trainingLoopModel(training)), { threads });
let state: StateOf<Tensor> = {
  ...initialWeights(training.network, 1),
  optimizer: initialOptimizerState(training),
  averages: [],
};
let stepsDone = 0;

async function call(steps: number): Promise<void> {
  const range = { from: 0, steps, stepsDone };
  const result = await session.run({ ...batchFeeds(chunk, training, range), ...stateFeeds(names, state) });
  if (result.losses?.data.some((loss) => !Number.isFinite(loss))) throw new Error('the loss is no number');
  state = nextState(names, result);
  stepsDone += steps;
}

async function run(steps: number): Promise<void> {
  for (let done = 0; done < steps; done += batches) await call(Math.min(batches, steps - done));
}

await serve({ name: 'Ingot', version: packageFile.version, run });
