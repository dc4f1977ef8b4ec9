import { readFile, writeFile } from 'node:fs/promises';
import { readModel } from '../../shared/onnx/read-model';
import { writeModel } from '../../shared/onnx/write-model';
import { cleanUp } from '../compression/cleanup/clean-up';
import type { OrderOf, OutcomeOf } from './orders';
import type { TaskTools } from './task-tools';

/** The model without what changes none of its answers. */
export async function cleanModel(
  { model, written }: OrderOf<'clean'>,
  { runtime, signal }: TaskTools,
): Promise<OutcomeOf<'clean'>> {
  const cleaned = await cleanUp(readModel(await readFile(model)), { runtime, signal });
  await writeFile(written, writeModel(cleaned.model));
  return { passes: cleaned.passes.map(({ name, changes }) => ({ name, changes })) };
}
