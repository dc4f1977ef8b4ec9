import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../../../jobs/compression/cleanup/clean-up';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Tensor } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { writeModel } from '../../../shared/onnx/write-model';
import { randomNumbers } from '../../support/check-gradient';
import { expectSameAnswers } from '../../support/expect-same-answers';

const folder = join(__dirname, '../../../../shared/models');
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

const whereGiven = existsSync(folder) ? describe : describe.skip;

whereGiven(
  'cleaning up models that others made (skipped where ../shared/models is not on this machine)',
  () => {
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
  },
);
