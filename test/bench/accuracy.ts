import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ingestRows, ingestSource, penguins } from '../support/penguins';
import { finetuneAccuracyRows } from './finetune-accuracy';
import { imageAccuracyRows } from './image-accuracy';
import { languageModelAccuracyRows } from './language-model-accuracy';
import { type Bench, type Row, withGoal } from './row';
import { dataset, runJob, specOf, value } from './training-job';

const adultFolder = join(process.cwd(), '../shared/data');

const penguinSpec = specOf({ target: 'Species', seed: 7 });

/** Strong decoupled decay and a cosine: the net is wide for the data, and this is what keeps it from learning them by heart. */
const adultSpec = specOf({
  test_dataset: dataset,
  target: 'income',
  model: { family: 'mlp', hidden_units: [64, 32] },
  optimizer: { name: 'adamw', learning_rate: 0.003, weight_decay: 1 },
  schedule: { name: 'cosine', warmup_fraction: 0.05 },
  epochs: 30,
  batch_size: 128,
  seed: 7,
});

async function penguinRows(): Promise<Row[]> {
  const { seconds, test } = await runJob(penguinSpec, async (folder) => ({
    data: await ingestRows(penguins(), folder),
  }));
  return [
    withGoal(value('penguins, default spec: test accuracy', '', test.accuracy), '>=', 0.97),
    value('penguins: ingest and train', 's', seconds),
  ];
}

async function adultRows(): Promise<Row[]> {
  if (!existsSync(join(adultFolder, 'adult-train.csv'))) {
    console.log('Adult census is left out: ../shared/data is absent');
    return [];
  }
  const { seconds, test } = await runJob(adultSpec, async (folder) => ({
    data: await ingestSource(join(adultFolder, 'adult-train.csv'), folder),
    test_data: await ingestSource(join(adultFolder, 'adult-test.csv'), folder, 'test'),
  }));
  return [
    withGoal(value('Adult census, MLP: test ROC-AUC', '', test.roc_auc), '>=', 0.91),
    withGoal(value('Adult census, MLP: test accuracy', '', test.accuracy), '>=', 0.85),
    withGoal(value('Adult census: ingest and train', 's', seconds), '<', 60),
  ];
}

/** How good the models are that a job makes of real data, and how long it takes. */
export const accuracy: Bench = async () => [
  ...(await penguinRows()),
  ...(await adultRows()),
  ...(await imageAccuracyRows()),
  ...(await finetuneAccuracyRows()),
  ...(await languageModelAccuracyRows()),
];
