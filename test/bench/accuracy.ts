import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { train } from '../../jobs/kinds/train';
import { type TrainSpec, trainSpec } from '../../shared/contracts/kinds/train';
import { folderJobContext } from '../support/folder-job-context';
import { ingestRows, ingestSource, penguins } from '../support/penguins';
import { type Bench, type Row, withGoal } from './row';

const dataset = 'ds_01J00000000000000000000000';
const adultFolder = join(process.cwd(), '../shared/data');

type Inputs = Record<string, string>;

const specOf = (spec: object): TrainSpec =>
  trainSpec.parse({ dataset, register: { name: 'accuracy' }, ...spec });

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

const measured = z.object({
  metrics: z.object({ test: z.object({ accuracy: z.number(), roc_auc: z.number().optional() }) }),
});

interface Outcome {
  seconds: number;
  test: z.infer<typeof measured>['metrics']['test'];
}

/** The whole job from the upload's bytes on: ingest, train, export, measure. */
async function runJob(spec: TrainSpec, ingest: (folder: string) => Promise<Inputs>): Promise<Outcome> {
  const upload = await folderJobContext();
  const from = performance.now();
  const context = await folderJobContext({ inputs: await ingest(upload.folder) });
  const result = await train.run(spec, context);
  const seconds = (performance.now() - from) / 1000;
  await upload.remove();
  await context.remove();
  return { seconds, test: measured.parse(result).metrics.test };
}

const value = (name: string, unit: string, measured: number | undefined): Row => ({
  name,
  unit,
  value: measured ?? Number.NaN,
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
    withGoal(value('Adult census, MLP: test ROC-AUC', '', test.roc_auc), '>=', 0.905),
    withGoal(value('Adult census, MLP: test accuracy', '', test.accuracy), '>=', 0.85),
    withGoal(value('Adult census: ingest and train', 's', seconds), '<', 60),
  ];
}

/** How good the models are that a job makes of real data, and how long it takes. */
export const accuracy: Bench = async () => [...(await penguinRows()), ...(await adultRows())];
