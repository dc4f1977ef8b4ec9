import { readFile, writeFile } from 'node:fs/promises';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import type { Model } from '../../shared/onnx/ir';
import { readModel } from '../../shared/onnx/read-model';
import { verifyGraph } from '../../shared/onnx/verify';
import { writeModel } from '../../shared/onnx/write-model';
import type { ModelSession } from '../../shared/ports/model-runtime';
import type { LayerReport } from '../compression/compression-report';
import type { LayerDecision, Passed } from '../compression/pass';
import type { Workbench } from '../compression/workbench';
import { samplesIn } from './batch-folder';
import { makeStep, type StepResult } from './make-step';
import type { OrderOf, OutcomeOf } from './orders';
import type { TaskTools } from './task-tools';

type Making = OrderOf<'make'> | OrderOf<'rank_layers'>;

/** A workbench over the files of an order; whatever it opened is closed when the work ends. */
export async function withBench<T>(
  order: Making & { readonly original?: string },
  { runtime, signal, log }: TaskTools,
  work: (bench: Workbench) => Promise<T>,
): Promise<T> {
  const { threads, provider, memoryBytes, signature, sampleRows, seed } = order;
  const opened: ModelSession[] = [];
  const open = async (model: Model) => {
    const session = await runtime.load(writeModel(model), { threads, provider });
    opened.push(session);
    return session;
  };
  const original = readModel(await readFile(order.original ?? order.model));
  const own = {
    runtime,
    threads,
    provider,
    memoryBytes,
    signal,
    log,
    original,
    signature,
    sampleRows,
    seed,
    open,
  };
  try {
    return await work({ ...own, ...(sampleRows > 0 ? { samples: samplesIn(order.samples) } : {}) });
  } finally {
    for (const session of opened) await session.dispose();
  }
}

/** A candidate from its steps, each upon what came of the one before. */
export function makeModel(order: OrderOf<'make'>, tools: TaskTools): Promise<OutcomeOf<'make'>> {
  return withBench(order, tools, async (bench) => {
    let before = readModel(await readFile(order.model));
    let passed: StepResult = { model: before, layers: [] };
    const notes: string[] = [];
    for (const step of order.steps) {
      before = passed.model;
      passed = await makeStep(step, before, { bench, order });
      verifyGraph(passed.model.graph);
      refuseUnchanged(passed, step.name);
      notes.push(...(passed.notes ?? []));
    }
    await writeFile(order.written, writeModel(passed.model));
    const layers = await reported(before, passed, bench);
    return { layers, notes };
  });
}

function refuseUnchanged({ layers }: Passed, step: string): void {
  if (layers.length === 0 || layers.some(({ kept }) => kept === undefined)) return;
  const reasons = layers.slice(0, 5).map(({ layer, kept }) => `'${layer}': ${kept}`);
  throw new UnsuitableModelError(`no layer of the model gains by ${step}: ${reasons.join('; ')}`);
}

/** The layers of the last step. */
async function reported(_before: Model, passed: Passed, _bench: Workbench): Promise<LayerReport[]> {
  return passed.layers.map((layer) => reportOf(layer, undefined));
}

const reportOf = (
  { layer, operator, shape, bytesBefore, bytesAfter, kept }: LayerDecision,
  error: number | undefined,
): LayerReport => ({
  layer,
  operator,
  shape: [...shape],
  bytes_before: bytesBefore,
  bytes_after: bytesAfter,
  ...(error === undefined || !Number.isFinite(error) ? {} : { relative_error: error }),
  ...(kept === undefined ? {} : { kept }),
});
