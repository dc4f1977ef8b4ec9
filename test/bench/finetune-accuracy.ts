import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initialParameters } from '../../jobs/training/initial-weights';
import { constant } from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import { readModel } from '../../shared/onnx/read-model';
import { rewrite } from '../../shared/onnx/walk';
import { writeModel } from '../../shared/onnx/write-model';
import { fashionImages, hasFashion, withoutFashion } from '../support/fashion-images';
import { ingestRows } from '../support/penguins';
import { median, type Row, withGoal } from './row';
import { dataset, runJob, specOf, value } from './training-job';

/** A small network that was trained on handwritten digits, by others. */
const digits = join(process.cwd(), '../shared/models/mnist-cntk.onnx');

const trainingImages = 6_000;
const testImages = 5_000;
const seeds = [1, 2, 3];

const specFor = (seed: number) =>
  specOf({
    test_dataset: dataset,
    target: 'label',
    task: 'classification',
    model: { family: 'finetune', from: { name: 'digits' } },
    optimizer: { name: 'adam', learning_rate: 0.002 },
    schedule: { name: 'constant' },
    epochs: 1,
    validation_fraction: 0,
    test_fraction: 0,
    seed,
  });

/** The same network before it ever learned: weights drawn as for layers of our own, biases at zero. */
function untrained(bytes: Uint8Array, seed: number): Uint8Array {
  const model = readModel(bytes);
  const graph = rewrite(model.graph, (found) => {
    if (found.kind !== 'constant' || found.tensor.elementType !== 'float') return undefined;
    const { dims } = found.tensor;
    const isBias = dims.filter((size) => size > 1).length < 2;
    const fanIn = elementCount(dims.slice(1));
    const fan = [fanIn, dims[0] ?? 1] as const;
    const initialiser = isBias ? 'zeros' : 'he';
    const [drawn] = initialParameters(
      [{ name: found.name ?? '', dims, initialiser, fan }],
      seed + elementCount(dims),
    );
    return drawn && constant(drawn, found.name);
  });
  return writeModel({ ...model, graph });
}

/** Test accuracy after one epoch from this model on, for each seed. */
async function accuraciesFrom(modelOf: (seed: number) => Uint8Array): Promise<number[]> {
  const accuracies: number[] = [];
  for (const seed of seeds) {
    const { test } = await runJob(specFor(seed), async (folder) => {
      const base = join(folder, 'base.onnx');
      await writeFile(base, modelOf(seed));
      return {
        base,
        data: await ingestRows(fashionImages('train', trainingImages), folder),
        test_data: await ingestRows(fashionImages('t10k', testImages), folder, 'test'),
      };
    });
    accuracies.push(test.accuracy);
  }
  return accuracies;
}

/** A network of digits taught clothes, against the same network taught clothes alone: one epoch each, medians of three seeds. */
export async function finetuneAccuracyRows(): Promise<Row[]> {
  if (!hasFashion || !existsSync(digits)) {
    console.log(`Fine-tuning is left out: ${hasFashion ? '../shared/models is absent' : withoutFashion}`);
    return [];
  }
  const bytes = new Uint8Array(readFileSync(digits));
  const taught = median(await accuraciesFrom(() => bytes));
  const scratch = median(await accuraciesFrom((seed) => untrained(bytes, seed)));
  const row: Row = {
    ...value('Fashion-MNIST, digits fine-tuned: test accuracy after the first epoch', '', taught),
    peer: 'the same network from scratch',
    peer_value: scratch,
    ratio: taught / scratch,
  };
  return [withGoal(row, '>', 1)];
}
