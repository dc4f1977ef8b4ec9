import { copyFile, readFile } from 'node:fs/promises';
import type { JobManifest } from '../../shared/contracts/events';
import type { CompressSpec } from '../../shared/contracts/kinds/compress';
import type { ModelLineage, ModelSignature } from '../../shared/contracts/model';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import { BadSpecError, InterruptedError } from '../../shared/errors/job-errors';
import { readModel } from '../../shared/onnx/read-model';
import { writeModel } from '../../shared/onnx/write-model';
import type { ModelSession } from '../../shared/ports/model-runtime';
import { deriveSignature } from '../../shared/predictions/derive-signature';
import { applyInTurn, type LayerDecision } from '../compression/pass';
import { passesOf } from '../compression/recipes';
import {
  type CompressionReport,
  qualityOf,
  reportedLayers,
  shrinkage,
  weightShrinkage,
} from '../compression/report';
import { openTable } from '../datasets/open-table';
import { unsplitTable } from '../datasets/split-table';
import { evaluateModel } from '../evaluation/evaluate-model';
import { measureLatency } from '../evaluation/measure-latency';
import { syntheticFeeds } from '../evaluation/synthetic-feeds';
import type { JobContext, JobKindDefinition } from './job-kind';

/**
 * Makes a smaller version of a model and measures what that cost: bytes, quality on the rows that training held out, and
 * latency, each before and after.
 */
export const compress: JobKindDefinition<'compress'> = {
  name: 'compress',
  async run(spec, context) {
    const source = context.model;
    if (source === undefined) throw new BadSpecError('the order of a compress job names no model');
    const original = await readFile(await context.inputs.path('model'));
    const { bytes, decisions } = await compressed(original, spec);
    step(context, 0.3);

    const sessions = await openBoth(context, original, bytes);
    const signature = source.signature ?? deriveSignature(sessions.before.inputs, sessions.before.outputs);
    const measured = await measure(context, sessions, signature).finally(() => closeBoth(sessions));
    const report: CompressionReport = {
      passes: spec.passes.map(({ name }) => name),
      file: shrinkage(original.byteLength, bytes.byteLength),
      weights: weightShrinkage(decisions),
      layers: reportedLayers(decisions),
      ...measured,
    };
    context.log('info', summaryOf(report));

    await context.outputs.publish('model.onnx', bytes);
    await context.outputs.publish('report.json', Buffer.from(JSON.stringify(report, null, 2)));
    return {
      type: 'model',
      register: spec.register ?? { name: source.name },
      model: 'model.onnx',
      ...(await carriedRows(context)),
      signature,
      metrics: metricsOf(report),
      lineage: { ...dataOf(source.lineage), parent: { name: source.name, version: source.version } },
    } satisfies JobManifest['result'];
  },
};

async function compressed(original: Uint8Array, { passes }: CompressSpec) {
  const { model, layers: decisions } = await applyInTurn(passesOf(passes), readModel(original));
  if (decisions.every(({ kept }) => kept !== undefined)) throw nothingToGain(decisions);
  return { bytes: writeModel(model), decisions };
}

function nothingToGain(decisions: readonly LayerDecision[]): UnsuitableModelError {
  const reasons = decisions.slice(0, 5).map(({ layer, kept }) => `'${layer}': ${kept}`);
  const found = reasons.length === 0 ? 'it has no MatMul or Gemm with constant weights' : reasons.join('; ');
  return new UnsuitableModelError(`no layer of the model gains by this compression: ${found}`);
}

interface BothSessions {
  before: ModelSession;
  after: ModelSession;
}

async function openBoth(context: JobContext, original: Uint8Array, bytes: Uint8Array): Promise<BothSessions> {
  const { runtime, threads, provider } = context;
  const before = await runtime.load(original, { threads, provider });
  try {
    return { before, after: await runtime.load(bytes, { threads, provider }) };
  } catch (error) {
    await before.dispose();
    throw error;
  }
}

async function closeBoth({ before, after }: BothSessions): Promise<void> {
  await Promise.all([before.dispose(), after.dispose()]);
}

type Measured = Pick<CompressionReport, 'quality' | 'latency_milliseconds' | 'notes'>;

async function measure(
  context: JobContext,
  sessions: BothSessions,
  signature: ModelSignature,
): Promise<Measured> {
  const quality = await compareQuality(context, sessions, signature);
  step(context, 0.7);
  const latency = await compareLatency(sessions);
  step(context, 0.95);
  const notes = [
    ...(quality ? [] : ['the model came without held-out rows, so its quality was not measured']),
    ...(latency ? [] : ['the model does not run on made-up inputs, so its latency was not measured']),
  ];
  return {
    ...(quality ? { quality } : {}),
    ...(latency ? { latency_milliseconds: latency } : {}),
    notes,
  };
}

async function compareQuality(
  { inputs, scratch, threads, signal }: JobContext,
  { before, after }: BothSessions,
  signature: ModelSignature,
): Promise<CompressionReport['quality']> {
  const { target, task } = signature;
  if (!inputs.has('test_rows') || target === undefined || task === 'other') return undefined;
  const table = await openTable({ data: await inputs.path('test_rows'), scratch, threads });
  try {
    const rows = await unsplitTable(table, { target, task });
    const evaluation = { signature, rows, signal };
    return qualityOf(await evaluateModel(before, evaluation), await evaluateModel(after, evaluation));
  } finally {
    await table.close();
  }
}

/** The largest of these that takes less than the limit, by the time of one row. */
const batchSizes = [256, 64, 16, 4];
const longestBatchMilliseconds = 250;

async function compareLatency(sessions: BothSessions): Promise<CompressionReport['latency_milliseconds']> {
  try {
    const single = await latencyOf(sessions, 1);
    if (single === undefined) return undefined;
    const takesBatches = sessions.before.inputs.some(({ shape }) => typeof shape[0] === 'string');
    const fits = (size: number) => takesBatches && size * single.before < longestBatchMilliseconds;
    const rows = batchSizes.find(fits);
    const batch = rows === undefined ? undefined : await latencyOf(sessions, rows);
    return { single_row: single, ...(rows && batch ? { batch: { rows, ...batch } } : {}) };
  } catch {
    // Made-up inputs can be outside what a model takes: an index, or a size that another input decides.
    return undefined;
  }
}

async function latencyOf({ before, after }: BothSessions, rows: number) {
  const feeds = syntheticFeeds(before.inputs, rows);
  if (feeds === undefined) return undefined;
  const [old = Number.NaN, recent = Number.NaN] = await measureLatency([before, after], feeds);
  return { before: old, after: recent };
}

function step(context: JobContext, fraction: number): void {
  if (context.signal.aborted) throw new InterruptedError('the job was told to stop');
  context.report({ fraction, metrics: {} });
}

const testRowsFile = 'test-rows.parquet';

/** The rows go with the new version, so that a later job can measure it on the same ones. */
async function carriedRows({ inputs, outputs }: JobContext): Promise<{ test_rows?: string }> {
  if (!inputs.has('test_rows')) return {};
  await copyFile(await inputs.path('test_rows'), outputs.path(testRowsFile));
  await outputs.publish(testRowsFile);
  return { test_rows: testRowsFile };
}

const metricsOf = ({ quality, layers: _, ...compression }: CompressionReport) => ({
  ...(quality ? { test: quality.after } : {}),
  compression: { ...compression, ...(quality ? { quality } : {}) },
});

/** What was learned from, and which of its rows: the compressed model knows them as the one that it was made of does. */
const dataOf = ({ dataset, split }: ModelLineage): Pick<ModelLineage, 'dataset' | 'split'> => ({
  ...(dataset === undefined ? {} : { dataset }),
  ...(split === undefined ? {} : { split }),
});

function summaryOf({ file, weights, quality }: CompressionReport): string {
  const loss = quality?.accuracy_loss_points;
  const lost = loss === undefined ? '' : `, ${loss.toFixed(2)} points of accuracy lost`;
  return `${file.bytes_before} bytes became ${file.bytes_after}; the compressed weights take ${weights.ratio.toFixed(3)} of what they took${lost}`;
}
