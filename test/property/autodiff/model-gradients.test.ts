import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { differentiate } from '../../../jobs/autodiff/differentiate';
import { attribute, constant, int64s, operation, scalar, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { castTo, multiply, reshape } from '../../../shared/onnx/expressions';
import type { GraphOutput, Tensor, Value } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { writeModel } from '../../../shared/onnx/write-model';
import { randomNumbers } from '../../support/check-gradient';
import { toOrt } from '../../support/run-onnx';
import { noise, weightsAsInputs } from '../../support/weights-as-inputs';

const folder = join(__dirname, '../../../../shared/models');

const image = (size: number, channels: number): Tensor => {
  const next = randomNumbers(7);
  return tensor(
    'float',
    [1, channels, size, size],
    Float32Array.from({ length: channels * size * size }, next),
  );
};

const ids = (dims: readonly number[]): Tensor =>
  tensor(
    'int32',
    dims,
    Int32Array.from({ length: elementCount(dims) }, (_, at) => 1 + (at % 7)),
  );

const words = { input_ids: ids([1, 5]), position_ids: ids([1, 5]), attention_mask: ids([1, 5]) };
const pasts = [0, 1, 2, 3, 4].map(
  (layer) => [`past_${layer}`, tensor('float', [2, 1, 4, 0, 8], new Float32Array(0))] as const,
);

const models: readonly [path: string, feeds: Readonly<Record<string, Tensor>>][] = [
  ['mnist-cntk.onnx', { Input3: image(28, 1) }],
  ['magika/model.onnx', { bytes: ids([1, 2048]) }],
  ['tiny-random-gpt2/past.onnx', { ...words, ...Object.fromEntries(pasts) }],
  ['light/light_squeezenet.onnx', { data_0: image(224, 3) }],
  ['light/light_shufflenet.onnx', { 'gpu_0/data_0': image(224, 3) }],
  ['light/light_resnet50.onnx', { 'gpu_0/data_0': image(224, 3) }],
  ['light/light_densenet121.onnx', { data_0: image(224, 3) }],
];

/** The scores before they become probabilities, which could be all zeros and ones. */
function scoresOf(value: Value): Value {
  let scores = value;
  while (scores.kind === 'operation' && /^(Softmax|Reshape)$/.test(scores.op))
    scores = scores.inputs[0] ?? scores;
  return scores;
}

/** A sum in which each score counts differently. */
function lossOf(scores: Value): Value {
  const range = operation('Range', [
    constant(scalar(0, 'int64')),
    operation('Size', [scores]),
    constant(scalar(1, 'int64')),
  ]);
  const weighted = multiply(
    reshape(scores, constant(int64s([-1]))),
    operation('Sin', [castTo(range, 'float')]),
  );
  return operation('ReduceSum', [weighted], { keepdims: attribute.int(0) });
}

const floatsOf = (data: unknown): Float32Array => (data instanceof Float32Array ? data : new Float32Array(0));

/** Loops, because these lists have millions of entries. */
function along(from: Float32Array, direction: Float32Array, scale: number): Float32Array {
  const moved = from.slice();
  for (let at = 0; at < direction.length; at++) moved[at] = (moved[at] ?? 0) + scale * (direction[at] ?? 0);
  return moved;
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}

const lengthOf = (values: Float32Array): number => Math.sqrt(product(values, values));

/** As long as the weights are, half along the gradient and half at random. */
function directionOf(weights: Float32Array, gradient: Float32Array, random: () => number): Float32Array {
  const size = lengthOf(weights) || 1;
  const spread = (2 * size) / Math.sqrt(gradient.length);
  const straying = along(new Float32Array(gradient.length), noise(gradient.length, random), spread);
  return along(straying, gradient, size / (lengthOf(gradient) || 1));
}

/** The model as a function of its weights: a loss, and what our rules say its gradients are. */
async function setup(path: string, feeds: Readonly<Record<string, Tensor>>) {
  const model = upgradeModel(readModel(readFileSync(join(folder, path))));
  const random = randomNumbers(5);
  const { graph, weights, values } = weightsAsInputs(model.graph, random, path.startsWith('light'));
  const loss = lossOf(scoresOf(graph.outputs[0]?.value ?? constant(scalar(0))));
  const gradients = differentiate(loss, weights).map((value, index) => ({ name: `g${index}`, value }));
  const inputs = [...graph.inputs, ...weights];
  const load = (outputs: readonly GraphOutput[]) =>
    ort.InferenceSession.create(writeModel({ ...model, graph: { name: 'training', inputs, outputs } }), {
      logSeverityLevel: 4,
    });
  const [measured, whole] = [await load([{ name: 'loss', value: loss }]), await load(gradients)];
  const fixed = Object.entries(feeds).map(([name, each]) => [name, toOrt(each)] as const);
  const at = (directions: readonly Float32Array[], scale: number): Record<string, ort.Tensor> => {
    const moved = weights.map(({ name }, index) => {
      const { dims, data } = values[name] ?? scalar(0);
      const direction = directions[index] ?? new Float32Array(0);
      return [name, new ort.Tensor('float32', along(floatsOf(data), direction, scale), dims)] as const;
    });
    return Object.fromEntries([...fixed, ...moved]);
  };
  const lossAt = async (directions: readonly Float32Array[], scale: number) =>
    Number((await measured.run(at(directions, scale))).loss?.data[0]);
  const results = await whole.run(at([], 0));
  const found = weights.map((_, index) => floatsOf(results[`g${index}`]?.data));
  const directions = weights.map(({ name }, index) =>
    directionOf(floatsOf(values[name]?.data), found[index] ?? new Float32Array(0), random),
  );
  await whole.release();
  return { lossAt, directions, gradients: found, release: () => measured.release() };
}

const whereGiven = existsSync(folder) ? describe : describe.skip;

whereGiven(
  'gradients of models that others made (skipped where ../shared/models is not on this machine)',
  () => {
    it.each(models)(
      '%s: the slope along a direction is the one that all its weights give together',
      async (path, feeds) => {
        const { lossAt, directions, gradients, release } = await setup(path, feeds);
        const slope = async (step: number) =>
          ((await lossAt(directions, step)) - (await lossAt(directions, -step))) / (2 * step);

        const expected = gradients.reduce(
          (sum, gradient, index) => sum + product(gradient, directions[index] ?? new Float32Array(0)),
          0,
        );
        let nearest = Infinity;
        for (const step of [1e-3, 3e-4, 1e-4, 3e-5, 1e-5]) {
          if (nearest > 1e-2) nearest = Math.min(nearest, Math.abs((await slope(step)) / expected - 1));
        }

        await release();
        expect(nearest).toBeLessThan(1e-2);
      },
      300_000,
    );
  },
);
