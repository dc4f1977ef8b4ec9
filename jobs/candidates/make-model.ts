import { readFile, writeFile } from 'node:fs/promises';
import { PassFailedError, UnsuitableModelError } from '../../shared/errors/compression-errors';
import type { Model, ValueType } from '../../shared/onnx/ir';
import { readModel } from '../../shared/onnx/read-model';
import { verifyGraph } from '../../shared/onnx/verify';
import { writeModel } from '../../shared/onnx/write-model';
import type { LayerReport } from '../compression/compression-report';
import { measureLayerErrors } from '../compression/layer-errors';
import type { LayerDecision, Passed } from '../compression/pass';
import type { Workbench } from '../compression/workbench';
import { samplesIn } from './batch-folder';
import { makeStep } from './make-step';
import type { OrderOf, OutcomeOf } from './orders';
import type { StepResult, StepTools } from './step-tools';
import type { TaskTools } from './task-tools';

type Making = OrderOf<'make'> | OrderOf<'rank_layers'>;

/** A workbench over the files of an order. */
export async function benchOf(
  order: Making & { readonly original?: string },
  { runtime, signal, log }: TaskTools,
): Promise<Workbench> {
  const { threads, provider, memoryBytes, signature, sampleRows, seed } = order;
  const open = (model: Model) => runtime.load(writeModel(model), { threads, provider });
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
  return { ...own, ...(sampleRows > 0 ? { samples: samplesIn(order.samples) } : {}) };
}

/** A candidate from its steps, each upon what came of the one before. */
export async function makeModel(order: OrderOf<'make'>, tools: TaskTools): Promise<OutcomeOf<'make'>> {
  const bench = await benchOf(order, tools);
  let before = readModel(await readFile(order.model));
  let passed: StepResult = { model: before, layers: [] };
  const notes: string[] = [];
  const layers: LayerReport[] = [];
  for (const index of order.steps.keys()) {
    before = passed.model;
    passed = await nextStep(index, before, { bench, order });
    notes.push(...(passed.notes ?? []));
    layers.push(...(await reported(before, passed, bench)));
  }
  refuseOtherInterface(passed.model, bench.original);
  await writeFile(order.written, writeModel(passed.model));
  return { layers, notes };
}

/** `PassFailedError` names the step and those before it. */
async function nextStep(
  index: number,
  model: Model,
  tools: StepTools & { order: Pick<OrderOf<'make'>, 'steps'> },
): Promise<StepResult> {
  const { steps } = tools.order;
  const [step] = steps.slice(index);
  if (step === undefined) throw new Error(`there is no step ${index}`);
  try {
    const passed = await makeStep(step, model, tools);
    verifyGraph(passed.model.graph);
    refuseUnchanged(passed, model, step.name);
    return passed;
  } catch (cause) {
    if (tools.bench.signal.aborted) throw cause;
    const before = steps.slice(0, index).map(({ name }) => name);
    throw new PassFailedError(step.name, before, cause);
  }
}

const interfaceOf = ({ graph }: Model): string[] => [
  ...graph.inputs.map(({ name, type }) => `input ${name}: ${elementOf(type)}`),
  ...graph.outputs.map(({ name, value }) => `output ${name}: ${elementOf(value.type)}`),
];

const elementOf = (type: ValueType): string => (type.kind === 'tensor' ? type.elementType : type.kind);

/** A candidate is to stand where the original stands: callers must see no difference. */
function refuseOtherInterface(made: Model, original: Model): void {
  const [own, wanted] = [interfaceOf(made), interfaceOf(original)];
  if (own.length === wanted.length && own.every((each, index) => each === wanted[index])) return;
  const missing = wanted.filter((each) => !own.includes(each));
  throw new UnsuitableModelError(
    `what came of it has another interface than the model: it lacks ${missing.join(', ') || 'nothing, but has other names or another order'}`,
  );
}

function refuseUnchanged({ model: made, layers }: Passed, given: Model, step: string): void {
  if (made === given && layers.length === 0)
    throw new UnsuitableModelError(`${step} finds nothing to do in the model`);
  if (layers.length === 0 || layers.some(({ kept }) => kept === undefined)) return;
  const reasons = layers.slice(0, 5).map(({ layer, kept }) => `'${layer}': ${kept}`);
  throw new UnsuitableModelError(`no layer of the model gains by ${step}: ${reasons.join('; ')}`);
}

/** Enough to tell layers apart by their errors. */
const errorRows = 128;

/** The layers of a step, with how far each is from what it was. */
async function reported(before: Model, passed: Passed, bench: Workbench): Promise<LayerReport[]> {
  const { samples, open, signal } = bench;
  const errors =
    samples === undefined
      ? new Map<string, number>()
      : await measureLayerErrors({ before, passed, samples, rows: errorRows, open, signal });
  return passed.layers.map((layer) => reportOf(layer, errors.get(layer.layer)));
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
