import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StepOf, StepSpec } from '../../shared/contracts/compression/step-spec';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import { UnusableDataError } from '../../shared/errors/job-errors';
import type { Model } from '../../shared/onnx/ir';
import { distill } from '../compression/distillation/distill';
import { quantizationAware } from '../compression/retraining/quantization-aware';
import { nearestNames } from '../datasets/nearest-names';
import { openTable } from '../datasets/open-table';
import { dealRows } from './deal-rows';
import { isPruning, prune } from './pruners';
import { isQuantizer, quantizerOf, staticForm } from './quantizers';
import type { StepResult, StepTools } from './step-tools';

/** Does a step of a compression. `UnsuitableModelError` where the model is of a kind that the step cannot work on. */
export async function makeStep(step: StepSpec, model: Model, tools: StepTools): Promise<StepResult> {
  if (isQuantizer(step)) {
    const quantizer = await quantizerOf(step.name, { step, model, tools });
    return refuseUnknown(step.keep, await quantizer(step.keep).apply(model));
  }
  if (isPruning(step)) return prune(step.name, { step, model, tools });
  return step.name === 'distill' ? taught(step, tools) : trainedForInt8(step, model, tools);
}

/** A name that is no layer would keep nothing, and nobody would know. */
function refuseUnknown(keep: readonly string[], passed: StepResult): StepResult {
  const names = passed.layers.map(({ layer }) => layer);
  const unknown = keep.find((name) => !names.includes(name));
  if (unknown === undefined) return passed;
  const near = nearestNames(unknown, names).map((name) => `'${name}'`);
  throw new UnsuitableModelError(
    `keep names '${unknown}', which is no layer of the model; the most like it are ${near.join(', ')}`,
  );
}

async function trainedForInt8(
  step: StepOf<'quantization_aware'>,
  model: Model,
  tools: StepTools,
): Promise<StepResult> {
  const { keep, recovery } = step;
  const form = await staticForm(step, model, tools);
  return refuseUnknown(
    keep,
    await quantizationAware({ ...form, keep, recovery, bench: tools.bench }).apply(model),
  );
}

/** Another network in place of the model, whatever steps came before. */
async function taught(step: StepOf<'distill'>, { bench, order }: StepTools): Promise<StepResult> {
  const { table, teacher: other, original, outcome } = order;
  if (table === undefined)
    throw new UnusableDataError('there is no table for a student to learn from: give a data set', 'no_table');
  const { signature, threads, seed } = bench;
  const own = { name: 'the model itself', version: 1, lineage: {}, signature };
  const named = step.teacher === undefined ? undefined : other;
  const teacher = { ...(named ?? own), bytes: await readFile(named?.model ?? original) };
  const data = await openTable({ data: table.data, scratch: dirname(outcome), threads });
  try {
    const { samples } = await dealRows({ signature, data, split: table.split, seed });
    const place = { graph: bench.original.graph, signature };
    const student = await distill(step, { teacher, rows: samples.rows, context: bench, seed, place });
    return { model: student, layers: [] };
  } finally {
    await data.close();
  }
}
