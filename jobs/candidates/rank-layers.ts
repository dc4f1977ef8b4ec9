import { readFile } from 'node:fs/promises';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import { readModel } from '../../shared/onnx/read-model';
import { measureSensitivities } from '../compression/sensitivities';
import { benchOf } from './make-model';
import type { OrderOf, OutcomeOf } from './orders';
import { isQuantizer, quantizerOf, samplesOf } from './quantizers';
import type { TaskTools } from './task-tools';

/** Enough to tell layers apart. */
const comparedRows = 256;
/** Each is a session of its own to open and to run; small layers are seldom what spoils a model. */
const mostLayers = 64;

/** Layers by what becomes of the model's answers where each alone is compressed, the worst first. */
export async function rankLayers(
  order: OrderOf<'rank_layers'>,
  tools: TaskTools,
): Promise<OutcomeOf<'rank_layers'>> {
  const { step } = order;
  if (!isQuantizer(step)) throw new UnsuitableModelError(`the step '${step.name}' keeps no layers`);
  const bench = await benchOf(order, tools);
  const model = readModel(await readFile(order.model));
  const quantize = await quantizerOf(step.name, {
    step,
    model,
    tools: { bench, order: { ...order, original: order.model } },
  });
  const { layers } = await quantize(step.keep).apply(model);
  const { open, signal } = bench;
  const running = { samples: samplesOf(bench), rows: comparedRows, open, signal };
  const errors = await measureSensitivities({ model, layers, quantize, mostLayers, ...running });
  return { layers: [...errors].toSorted(([, a], [, b]) => b - a).map(([layer]) => layer) };
}
