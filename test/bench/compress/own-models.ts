import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fashionImages } from '../../support/fashion-images';
import { ingestRows } from '../../support/penguins';
import { dataset, specOf } from '../training-job';
import { type OwnModel, ownModel } from './own-model';

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

/** Channels 32-64-128 with batch-norm on Fashion-MNIST, as the bench of accuracy trains it. */
export const fashionCnn = (): Promise<OwnModel> =>
  ownModel({
    name: 'fashion-cnn',
    spec: fashionSpec,
    ingest: async (folder) => ({
      data: await ingestRows(fashionImages('train'), folder),
      test_data: await ingestRows(fashionImages('t10k'), folder, 'test'),
    }),
  });

const text = join(process.cwd(), '../shared/data/tinyshakespeare.txt');

export const hasShakespeare = existsSync(text);
export const readShakespeare = (): string => readFileSync(text, 'utf8');

const shakespeareSpec = specOf({
  target: 'text',
  model: { family: 'transformer', form: 'decoder', layers: 4, heads: 4, width: 128, maximum_length: 64 },
  optimizer: { name: 'adamw', learning_rate: 0.001, beta2: 0.99, weight_decay: 0.1 },
  schedule: { name: 'cosine', warmup_fraction: 0.05, final_fraction: 0.1 },
  clipping: { global_norm: 1 },
  batch_size: 12,
  steps: 2000,
  validation_fraction: 0,
  test_fraction: 0.1,
  seed: 1,
});

/** A character transformer in nanoGPT's setting for CPUs; the last tenth of the text is held out. */
export const shakespeareTransformer = (): Promise<OwnModel> =>
  ownModel({
    name: 'shakespeare-transformer',
    spec: shakespeareSpec,
    ingest: async (folder) => ({
      data: await ingestRows(
        readShakespeare()
          .split(/(?<=\n)/)
          .map((line) => ({ text: line, number: 1 })),
        folder,
      ),
    }),
  });
