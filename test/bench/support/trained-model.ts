import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ingest } from '../../../jobs/kinds/ingest';
import { train } from '../../../jobs/kinds/train';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import type { ModelSignature } from '../../../shared/contracts/model';
import { folderJobContext } from '../../support/folder-job-context';

export interface TrainedForBench {
  bytes: Uint8Array;
  signature: ModelSignature;
  /** Paths for jobs that go on from it. */
  modelPath: string;
  testRowsPath: string;
  remove(): Promise<void>;
}

const anyDataset = 'ds_01J00000000000000000000000';

/** A model as the two jobs make it, from the bytes of a data set: ingested, trained, exported. */
export async function trainForBench(
  source: Uint8Array,
  format: 'csv' | 'jsonl',
  spec: Record<string, unknown>,
): Promise<TrainedForBench> {
  const ingesting = await folderJobContext();
  const upload = join(ingesting.folder, 'upload');
  await writeFile(upload, source);
  const reading = await folderJobContext({ inputs: { source: upload } });
  const ingested = await ingest.run({ dataset: anyDataset, format }, reading);
  if (ingested.type !== 'dataset_ready') throw new Error(`the data was refused: ${JSON.stringify(ingested)}`);
  const inputs = {
    data: reading.outputs.path(ingested.data),
    profile: reading.outputs.path(ingested.profile),
  };
  const training = await folderJobContext({ inputs });
  const parsed = trainSpec.parse({ dataset: anyDataset, register: { name: 'bench' }, ...spec });
  const result = await train.run(parsed, training);
  if (result.type !== 'model' || result.test_rows === undefined)
    throw new Error('no model with test rows came of training');
  const modelPath = training.outputs.path(result.model);
  return {
    bytes: new Uint8Array(await readFile(modelPath)),
    signature: result.signature,
    modelPath,
    testRowsPath: training.outputs.path(result.test_rows),
    async remove() {
      await Promise.all([ingesting.remove(), reading.remove(), training.remove()]);
    },
  };
}

const rowsOf = z.array(z.record(z.string(), z.unknown()));

/** Palmer penguins: 344 rows, numbers and text, some missing. */
export async function readPenguins() {
  const packageMain = createRequire(import.meta.url).resolve('vega-datasets');
  const file = join(dirname(packageMain), '../data/penguins.json');
  const rows = rowsOf.parse(JSON.parse(await readFile(file, 'utf8')));
  return { rows, bytes: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')) };
}
