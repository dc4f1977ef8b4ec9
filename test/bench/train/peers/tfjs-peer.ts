import { createRequire } from 'node:module';
import { version_cpu } from '@tensorflow/tfjs-backend-cpu';
import { version_wasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { MlpWorkload } from '../workloads';
import { asked, serve } from './serve';

// the core's bundle brings no gradients; its other files are written for bundlers
createRequire(import.meta.url)('@tensorflow/tfjs-core/dist/register_all_gradients');

/** TensorFlow.js's side of the bench, by its core; the backend is named behind what every peer is given. */
const backends: Readonly<Record<string, string>> = { cpu: version_cpu, wasm: version_wasm };

function makeModel({ inputs, hidden, classes }: MlpWorkload) {
  const widths = [inputs, ...hidden, classes];
  return widths.slice(1).map((outputs, index) => {
    const fan = widths[index] ?? inputs;
    return {
      weight: tf.variable(tf.randomNormal([fan, outputs], 0, Math.sqrt(2 / fan))),
      bias: tf.variable(tf.zeros([outputs])),
    };
  });
}

function forward(layers: ReturnType<typeof makeModel>, rows: tf.Tensor2D): tf.Tensor2D {
  return layers.reduce<tf.Tensor2D>((value, { weight, bias }, index) => {
    const product = tf.add<tf.Tensor2D>(tf.matMul(value, weight), bias);
    return index === layers.length - 1 ? product : tf.relu(product);
  }, rows);
}

function makeBatch({ inputs, classes, batch }: MlpWorkload) {
  const labels = Array.from({ length: batch }, (_, row) => (row * 31) % classes);
  return {
    rows: tf.randomUniform<tf.Rank.R2>([batch, inputs]),
    targets: tf.oneHot(tf.tensor1d(labels, 'int32'), classes),
  };
}

const { workload } = asked();
const backend = process.argv[4] ?? 'wasm';
if (workload.network !== 'mlp') throw new Error(`the TensorFlow.js peer has no ${workload.network}`);
tf.enableProdMode();
await tf.setBackend(backend);
const layers = makeModel(workload);
const batches = Array.from({ length: 4 }, () => makeBatch(workload));
const optimizer = tf.train.adam(0.001);
let turn = 0;

async function step(): Promise<void> {
  const batch = batches[turn++ % batches.length];
  if (batch === undefined) return;
  const { rows, targets } = batch;
  const loss = optimizer.minimize(
    () => tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(targets, forward(layers, rows)),
    true,
  );
  await loss?.data();
  loss?.dispose();
}

await serve({
  name: `TensorFlow.js ${backend}`,
  version: backends[backend] ?? tf.version_core,
  warmUpSteps: 2,
  run: async (steps) => {
    for (let done = 0; done < steps; done++) await step();
  },
});
