import type { CandidateOrder, CandidateTask, OrderOf, OutcomeOf } from './orders';
import type { TaskTools } from './task-tools';

type DoTask<T extends CandidateTask> = (order: OrderOf<T>, tools: TaskTools) => Promise<OutcomeOf<T>>;

/** Each loads what it needs alone: what measures must not take time and memory for what makes. */
const tasks: { readonly [T in CandidateTask]: () => Promise<DoTask<T>> } = {
  clean: async () => (await import('./clean-model')).cleanModel,
  make: async () => (await import('./make-model')).makeModel,
  rank_layers: async () => (await import('./rank-layers')).rankLayers,
  measure: async () => (await import('./measure-model')).measureModel,
};

/** Does a task of a compression, whatever it is. */
export async function doTask<T extends CandidateTask>(
  order: OrderOf<T> & CandidateOrder & { task: T },
  tools: TaskTools,
): Promise<OutcomeOf<T>> {
  const task = await tasks[order.task]();
  return task(order, tools);
}
