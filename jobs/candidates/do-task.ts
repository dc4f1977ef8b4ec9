import { readFile, writeFile } from 'node:fs/promises';
import { readModel } from '../../shared/onnx/read-model';
import { writeModel } from '../../shared/onnx/write-model';
import { cleanUp } from '../compression/cleanup/clean-up';
import { makeModel } from './make-model';
import { measureModel } from './measure-model';
import type { CandidateOrder, CandidateTask, OrderOf, OutcomeOf } from './orders';
import { rankLayers } from './rank-layers';
import type { TaskTools } from './task-tools';

async function clean({ model, written }: OrderOf<'clean'>, { runtime, signal }: TaskTools) {
  const cleaned = await cleanUp(readModel(await readFile(model)), { runtime, signal });
  await writeFile(written, writeModel(cleaned.model));
  return { passes: cleaned.passes.map(({ name, changes }) => ({ name, changes })) };
}

type DoTask<T extends CandidateTask> = (order: OrderOf<T>, tools: TaskTools) => Promise<OutcomeOf<T>>;

const tasks: { readonly [T in CandidateTask]: DoTask<T> } = {
  clean,
  make: makeModel,
  rank_layers: rankLayers,
  measure: (order, { servingRuntime }) => measureModel(order, servingRuntime),
};

/** Does a task of a compression, whatever it is. */
export const doTask = <T extends CandidateTask>(order: OrderOf<T> & CandidateOrder, tools: TaskTools) =>
  (tasks[order.task as T] as DoTask<T>)(order, tools);
