import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { mnistDigits } from '../support/mnist-digits';
import { ingestRows } from '../support/penguins';
import { type Row, withGoal } from './row';
import { dataset, type Outcome, runJob, specOf, value } from './training-job';

/** A fifth is held out by the seed: 8,000 digits to train on. */
const digitSpec = specOf({
  target: 'label',
  task: 'classification',
  model: { family: 'cnn' },
  optimizer: { name: 'adam', learning_rate: 0.002 },
  augmentation: { shift: 0.08, rotate: 10, scale: 0.1 },
  epochs: 14,
  validation_fraction: 0,
  test_fraction: 0.2,
  seed: 7,
});

const fashionSpec = specOf({
  test_dataset: dataset,
  target: 'label',
  task: 'classification',
  model: { family: 'cnn' },
  optimizer: { name: 'adam', learning_rate: 0.002 },
  schedule: { name: 'one_cycle' },
  epochs: 8,
  validation_fraction: 0,
  test_fraction: 0,
  seed: 7,
});

const timeRows = (name: string, { seconds, trainingSeconds, steps }: Outcome): Row[] => [
  value(`${name}: ingest, train and measure`, 's', seconds),
  value(`${name}: a step of 64 images`, 'ms', (1000 * trainingSeconds) / steps),
];

async function digitRows(): Promise<Row[]> {
  const outcome = await runJob(digitSpec, async (folder) => ({
    data: await ingestRows(
      mnistDigits().map(({ label, pixels }) => ({ label, pixels })),
      folder,
    ),
  }));
  return [
    withGoal(value('digits, CNN: test accuracy', '', outcome.test.accuracy), '>=', 0.988),
    ...timeRows('digits, CNN', outcome),
  ];
}

const fashionFolder = '/usr/share/datasets/fashion-mnist';

/** LeCun's IDX format: a head of four bytes and a size for each axis, then bytes. */
function readIdx(name: string): { sizes: number[]; bytes: Uint8Array } {
  const file = gunzipSync(readFileSync(join(fashionFolder, `${name}-ubyte.gz`)));
  const axes = file.readUInt8(3);
  const sizes = Array.from({ length: axes }, (_, axis) => file.readUInt32BE(4 + 4 * axis));
  return { sizes, bytes: file.subarray(4 + 4 * axes) };
}

function fashionImages(part: 'train' | 't10k') {
  const { sizes, bytes } = readIdx(`${part}-images-idx3`);
  const labels = readIdx(`${part}-labels-idx1`).bytes;
  const [images = 0, height = 0, width = 0] = sizes;
  return Array.from({ length: images }, (_, index) => ({
    label: labels[index] ?? 0,
    pixels: Array.from(bytes.subarray(index * height * width, (index + 1) * height * width)),
  }));
}

async function fashionRows(): Promise<Row[]> {
  if (!existsSync(fashionFolder)) {
    console.log('Fashion-MNIST is left out: the Debian package dataset-fashion-mnist is not installed');
    return [];
  }
  const outcome = await runJob(fashionSpec, async (folder) => ({
    data: await ingestRows(fashionImages('train'), folder),
    test_data: await ingestRows(fashionImages('t10k'), folder, 'test'),
  }));
  return [
    withGoal(value('Fashion-MNIST, CNN: test accuracy', '', outcome.test.accuracy), '>=', 0.915),
    withGoal(value('Fashion-MNIST, CNN: training', 's', outcome.trainingSeconds), '<=', 600),
    ...timeRows('Fashion-MNIST, CNN', outcome),
  ];
}

/** How good convolutional networks are that a job makes of real images, and how long it takes. */
export const imageAccuracyRows = async (): Promise<Row[]> => [
  ...(await digitRows()),
  ...(await fashionRows()),
];
