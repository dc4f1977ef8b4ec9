import { fashionImages, hasFashion, withoutFashion } from '../support/fashion-images';
import { mnistDigits } from '../support/mnist-digits';
import { ingestRows } from '../support/penguins';
import { type Row, withGoal } from './row';
import { dataset, type Outcome, runJob, specOf, value } from './training-job';

/** A fifth is held out by the seed: 8,000 digits to train on. */
const digitSpec = specOf({
  target: 'label',
  task: 'classification',
  model: { family: 'cnn', dropout: 0.4 },
  optimizer: { name: 'adam', learning_rate: 0.002 },
  augmentation: { shift: 0.1, rotate: 12, scale: 0.12 },
  average_decay: 0.99,
  epochs: 20,
  validation_fraction: 0,
  test_fraction: 0.2,
  seed: 7,
});

const fashionSpec = specOf({
  test_dataset: dataset,
  target: 'label',
  task: 'classification',
  model: { family: 'cnn', dropout: 0.25 },
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

async function fashionRows(): Promise<Row[]> {
  if (!hasFashion) {
    console.log(`Fashion-MNIST is left out: ${withoutFashion}`);
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
