import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../../../jobs/compression/cleanup/clean-up';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { constant, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ElementType, Model, Tensor, Value } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { elementTypeOf } from '../../../shared/onnx/shapes';
import { rewrite } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { randomNumbers } from '../../support/check-gradient';
import { expectSameAnswers } from '../../support/expect-same-answers';
import { nodeCaseNames, readNodeCase } from '../../support/onnx-node-cases';
import { runModel } from '../../support/run-onnx';

const folder = join(__dirname, '../../../../shared/models');
const cases = join(__dirname, '../../../../shared/onnx-node-tests');
const tools = { runtime: onnxModelRuntime(), signal: new AbortController().signal };

/** The large ones take a second for each few inputs; the bench gives them as many as the others. */
const inputsOf = (path: string): number => (path.startsWith('light/') ? 2 : 20);

type Feeds = (random: () => number) => Readonly<Record<string, Tensor>>;

const numbers = (random: () => number, ...dims: number[]): Tensor =>
  tensor(
    'float',
    dims,
    Float32Array.from({ length: elementCount(dims) }, () => 2 * random() - 1),
  );

const ids = (below: () => number, ...dims: number[]): Tensor =>
  tensor(
    'int32',
    dims,
    Int32Array.from({ length: elementCount(dims) }, () => Math.floor(below())),
  );

const image =
  (name: string): Feeds =>
  (random) => ({ [name]: numbers(random, 1, 3, 224, 224) });

const pasts = Object.fromEntries(
  [0, 1, 2, 3, 4].map((layer) => [`past_${layer}`, tensor('float', [2, 1, 4, 0, 8], new Float32Array(0))]),
);

const models: readonly [path: string, feeds: Feeds][] = [
  ['mnist-cntk.onnx', (random) => ({ Input3: numbers(random, 1, 1, 28, 28) })],
  ['magika/model.onnx', (random) => ({ bytes: ids(() => 257 * random(), 1, 2048) })],
  ['light/light_squeezenet.onnx', image('data_0')],
  ['light/light_resnet50.onnx', image('gpu_0/data_0')],
  ['light/light_shufflenet.onnx', image('gpu_0/data_0')],
  ['light/light_densenet121.onnx', image('data_0')],
  [
    'tiny-random-gpt2/past.onnx',
    (random) => ({
      input_ids: ids(() => 1000 * random(), 1, 5),
      position_ids: ids(() => 5 * random(), 1, 5),
      attention_mask: ids(() => 1, 1, 5),
      ...pasts,
    }),
  ],
];

async function setup(path: string) {
  const bytes = new Uint8Array(readFileSync(join(folder, path)));
  const original = readModel(bytes);
  const { model, passes } = await cleanUp(original, tools);
  const cleaned = writeModel(model);
  const changes = passes.reduce((sum, pass) => sum + pass.changes, 0);
  return { bytes, original, model, cleaned, changes };
}

describe('cleaning up models that others made', () => {
  if (!existsSync(folder)) {
    it.skip('is skipped: ../shared/models is not on this machine', () => undefined);
    return;
  }

  it.each(models)('%s answers as before on random inputs', async (path, feeds) => {
    const { bytes, cleaned } = await setup(path);
    const [before, after] = [await tools.runtime.load(bytes), await tools.runtime.load(cleaned)];
    const random = randomNumbers(17);

    for (let count = 0; count < inputsOf(path); count++) {
      const fed = feeds(random);
      expectSameAnswers(await after.run(fed), await before.run(fed));
    }

    await Promise.all([before.dispose(), after.dispose()]);
  });

  it.each(models)('%s has fewer bytes, and is as clean as it gets', async (path) => {
    const { bytes, model, cleaned, changes } = await setup(path);

    const again = await cleanUp(model, tools);

    expect(changes).toBeGreaterThan(0);
    expect(cleaned.length).toBeLessThan(bytes.length);
    expect(again.model).toBe(model);
  });
});

/** Types that abort the whole process in ONNX Runtime 1.30 where a graph takes them in or gives them out. */
const packed: ReadonlySet<ElementType | undefined> = new Set([
  'int4',
  'uint4',
  'int2',
  'uint2',
  'float4e2m1',
]);

const isRunnable = (name: string): boolean => {
  const { graph } = readModel(readNodeCase(cases, name).model);
  const values = [...graph.inputs, ...graph.outputs.map(({ value }) => value)];
  return values.every((value) => !packed.has(elementTypeOf(value)));
};

const ran = async (bytes: Uint8Array, feeds: Readonly<Record<string, Tensor>>) =>
  runModel(bytes, feeds).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );

/** The model of a case with all inputs but the first as weights of its own, so that there is more to fold. */
function withWeights(given: Model, inputs: readonly Tensor[]): Model {
  const weights = new Map<Value, Value>(
    given.graph.inputs.slice(1).flatMap((bound, at) => {
      const tensor = inputs[at + 1];
      return tensor === undefined ? [] : [[bound, constant(tensor, bound.name)] as const];
    }),
  );
  const graph = { ...given.graph, inputs: given.graph.inputs.filter((bound) => !weights.has(bound)) };
  return { ...given, graph: rewrite(graph, (value) => weights.get(value)) };
}

describe('cleaning up the ONNX backend tests', () => {
  const names = nodeCaseNames(cases).filter(isRunnable);
  if (names.length === 0) {
    it.skip('is skipped: ../shared/onnx-node-tests is not on this machine', () => undefined);
    return;
  }

  it.each(names)('%s answers as before', async (name) => {
    const { model: bytes, inputs } = readNodeCase(cases, name);
    const original = withWeights(readModel(bytes), inputs);
    const feeds = Object.fromEntries(original.graph.inputs.map((bound, at) => [bound.name, inputs[at]]));
    const given = Object.fromEntries(
      Object.entries(feeds).flatMap(([key, tensor]) => (tensor ? [[key, tensor] as const] : [])),
    );

    const { model: cleaned } = await cleanUp(original, tools);

    if (cleaned === original) return;
    const before = await ran(writeModel(original), given);
    if (before instanceof Error) return;
    const names = cleaned.graph.outputs.map((output) => output.name);
    const expected = Object.fromEntries(Object.entries(before).filter(([key]) => names.includes(key)));
    expectSameAnswers(await runModel(writeModel(cleaned), given), expected);
  });
});
