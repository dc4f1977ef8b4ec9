import { existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { distill } from '../../../jobs/compression/distillation/distill';
import { openTable } from '../../../jobs/datasets/open-table';
import { splitTable } from '../../../jobs/datasets/split-table';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { stepSpec } from '../../../shared/contracts/compression/step-spec';
import { writeModel } from '../../../shared/onnx/write-model';
import { fashionImages, hasFashion, withoutFashion } from '../../support/fashion-images';
import { folderJobContext } from '../../support/folder-job-context';
import { ingestRows } from '../../support/penguins';
import { type Bench, type Row, withGoal } from '../row';
import { dataset, specOf } from '../training-job';
import { fashionAccuracy } from './fashion';
import { cacheFolder, type OwnModel, ownModel } from './own-model';
import { fashionCnn } from './own-models';

/** Channels 16-32-48: 0.22 of the teacher's weights. */
const student = { family: 'cnn', size: 'tiny' } as const;

/** What both trainings of the student have. */
const course = { epochs: 8, batch_size: 64, learning_rate: 0.002 } as const;
const seed = 7;

/** Of the training images, ingested once. */
async function trainingTable(): Promise<string> {
  const path = join(cacheFolder, 'fashion-train.parquet');
  if (existsSync(path)) return path;
  const context = await folderJobContext();
  await mkdir(cacheFolder, { recursive: true });
  await cp(await ingestRows(fashionImages('train'), context.folder), path);
  await context.remove();
  return path;
}

const studentAlone = (data: string): Promise<OwnModel> =>
  ownModel({
    name: 'fashion-student',
    spec: specOf({
      test_dataset: dataset,
      target: 'label',
      task: 'classification',
      model: student,
      // the family's own, which distillation takes too
      optimizer: { name: 'adamw', learning_rate: course.learning_rate, weight_decay: 0.01 },
      epochs: course.epochs,
      batch_size: course.batch_size,
      validation_fraction: 0,
      test_fraction: 0,
      seed,
    }),
    ingest: async (folder) => ({ data, test_data: await ingestRows(fashionImages('t10k'), folder, 'test') }),
  });

async function taught(teacher: OwnModel, data: string): Promise<Uint8Array> {
  const step = stepSpec.parse({ name: 'distill', student, ...course, label_fraction: 0.1, temperature: 2 });
  if (step.name !== 'distill') throw new Error('a step of distillation was written');
  const context = await folderJobContext();
  const table = await openTable({ data, scratch: context.scratch, threads: 2 });
  try {
    const rows = await splitTable(table, {
      target: 'label',
      task: 'classification',
      validationFraction: 0,
      testFraction: 0,
      seed,
    });
    const { bytes, signature } = teacher;
    const request = { teacher: { name: 'fashion', version: 1, bytes, signature }, rows, context, seed };
    return writeModel(await distill(step, request));
  } finally {
    await table.close();
    await context.remove();
  }
}

async function accuracyOf(bytes: Uint8Array): Promise<number> {
  const session = await onnxModelRuntime({ flushDenormals: true }).load(bytes, { threads: 2 });
  try {
    return await fashionAccuracy(fashionImages('t10k'))(session);
  } finally {
    await session.dispose();
  }
}

/** The CNN teaches one a quarter its size; the same student, trained as long on the labels alone, stands beside it. */
export const distillationBench: Bench = async () => {
  if (!hasFashion) {
    console.log(`distillation is left out: ${withoutFashion}`);
    return [];
  }
  const teacher = await fashionCnn();
  const data = await trainingTable();
  const alone = await studentAlone(data);
  const start = performance.now();
  const own = await taught(teacher, data);
  const seconds = (performance.now() - start) / 1_000;
  const [before, after] = [await accuracyOf(alone.bytes), await accuracyOf(own)];
  const accuracy = (name: string, value: number): Row => ({
    name: `${name}: test accuracy`,
    unit: '%',
    value,
  });
  return [
    accuracy('CNN, the teacher', await accuracyOf(teacher.bytes)),
    accuracy('a CNN of a quarter of its size, trained alone', before),
    accuracy('the same, taught by the CNN', after),
    withGoal({ name: 'gained by distillation', unit: 'points', value: after - before }, '>=', 0.5),
    {
      name: 'the student: file',
      unit: 'bytes',
      value: own.byteLength,
      peer: 'the teacher',
      peer_value: teacher.bytes.byteLength,
      ratio: own.byteLength / teacher.bytes.byteLength,
    },
    { name: 'distillation', unit: 's', value: seconds },
  ];
};
