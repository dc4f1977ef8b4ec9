import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StepOf, StepSpec } from '../../shared/contracts/compression/step-spec';
import { UnusableDataError } from '../../shared/errors/job-errors';
import type { Model } from '../../shared/onnx/ir';
import { distill } from '../compression/distillation/distill';
import { quantizationAware } from '../compression/retraining/quantization-aware';
import { openTable } from '../datasets/open-table';
import { dealRows } from './deal-rows';
import { isPruning, prune } from './pruners';
import { isQuantizer, quantizerOf, staticForm } from './quantizers';
import type { StepResult, StepTools } from './step-tools';

/** Does a step of a compression. `UnsuitableModelError` where the model is of a kind that the step cannot work on. */
export async function makeStep(step: StepSpec, model: Model, tools: StepTools): Promise<StepResult> {
  if (isQuantizer(step)) {
    const quantizer = await quantizerOf(step.name, { step, model, tools });
    return quantizer(step.keep).apply(model);
  }
  if (isPruning(step)) return prune(step.name, { step, model, tools });
  return step.name === 'distill' ? taught(step, tools) : trainedForInt8(step, model, tools);
}

async function trainedForInt8(
  step: StepOf<'quantization_aware'>,
  model: Model,
  tools: StepTools,
): Promise<StepResult> {
  const { keep, recovery } = step;
  const form = await staticForm(step, model, tools);
  return quantizationAware({ ...form, keep, recovery, bench: tools.bench }).apply(model);
}

/** Another network in place of the model, whatever steps came before. */
async function taught(step: StepOf<'distill'>, { bench, order }: StepTools): Promise<StepResult> {
  const { table, teacher: other, original, outcome } = order;
  if (table === undefined)
    throw new UnusableDataError('there is no table for a student to learn from: give a data set', 'no_table');
  const { signature, threads, seed } = bench;
  const own = { name: 'the model itself', version: 1, lineage: {}, signature };
  const teacher = { ...(other ?? own), bytes: await readFile(other?.model ?? original) };
  const data = await openTable({ data: table.data, scratch: dirname(outcome), threads });
  try {
    const { samples } = await dealRows({ signature, data, split: table.split, seed });
    return { model: await distill(step, { teacher, rows: samples.rows, context: bench, seed }), layers: [] };
  } finally {
    await data.close();
  }
}
