import type { JobManifest } from '../../shared/contracts/events';
import type { JobProgress } from '../../shared/contracts/job';
import type { TrainSpec } from '../../shared/contracts/kinds/train';
import type { ModelLineage, SplitSettings } from '../../shared/contracts/model';
import { InterruptedError } from '../../shared/errors/job-errors';
import { writeModel } from '../../shared/onnx/write-model';
import { inferTask } from '../datasets/infer-task';
import { openTable, type Table } from '../datasets/open-table';
import { type Part, type SplitTable, splitTable, unsplitTable } from '../datasets/split-table';
import { writeRows } from '../datasets/write-rows';
import { curvesOf, metricsOf } from '../evaluation/evaluate-model';
import { predictRows } from '../evaluation/predict-rows';
import { publishPage } from '../reports/publish-page';
import { trainingReportPage } from '../reports/training-report-page';
import { checkTestTable } from '../training/check-test-table';
import { chooseFeatures } from '../training/choose-features';
import { exportModel, signatureOf } from '../training/export-model';
import { prepareFamily } from '../training/families/index';
import { type Fitted, fitModel } from '../training/fit-model';
import { isDecoderSpec } from '../training/language-model/decoder-spec';
import { trainLanguageModel } from '../training/language-model/train-language-model';
import { partOf } from '../training/part-of';
import type { Prepared } from '../training/prepare';
import { type MetricsBySplit, reportOf, summaryOf } from '../training/report';
import { splitSettingsOf } from '../training/split-settings';
import type { JobContext, JobKindDefinition } from './job-kind';

const files = { model: 'model.onnx', testRows: 'test_rows.parquet', report: 'report.json' } as const;

/** Shares of the job's progress: what comes before training, and training. */
const progress = { prepared: 0.05, trained: 0.95 } as const;

type Result = JobManifest['result'];

/** Learns a model from a table, and exports it with its preprocessing as one ONNX graph, measured on rows it never saw. */
export const train: JobKindDefinition<'train'> = {
  name: 'train',
  async run(spec, context) {
    const table = await openInput(context, 'data');
    try {
      if (spec.test_dataset === undefined) return await trainOn({ spec, context, table });
      const testTable = await openInput(context, 'test_data');
      return await trainOn({ spec, context, table, testTable }).finally(() => testTable.close());
    } finally {
      await table.close();
    }
  },
};

interface TrainRun {
  readonly spec: TrainSpec;
  readonly context: JobContext;
  readonly table: Table;
  /** Tested on instead of on a part of the table. */
  readonly testTable?: Table;
}

const openInput = async ({ inputs, scratch, threads }: JobContext, role: string): Promise<Table> =>
  openTable({ data: await inputs.path(role), scratch, threads });

async function trainOn(run: TrainRun): Promise<Result> {
  const { spec, context, table } = run;
  if (isDecoderSpec(spec)) return trainLanguageModel({ ...run, spec });
  const features = chooseFeatures(table, spec);
  const settings = splitSettingsOf(spec, context);
  const split = await splitRows(run, settings);
  const prepared = await prepareFamily(spec.model.family, {
    spec,
    model: spec.model,
    split,
    features,
    context,
  });
  for (const { name, why } of prepared.unused) context.log('info', `column '${name}' is not used: ${why}`);
  if (run.testTable) await checkTestTable(run.testTable, { ...prepared, task: split.task });
  stage(context, { fraction: progress.prepared, metrics: {} });

  const share = progress.trained - progress.prepared;
  const report: JobContext['report'] = (done) =>
    context.report({ ...done, fraction: progress.prepared + share * done.fraction });
  const fitted = await fitModel({ spec, split, prepared, context, report });
  stage(context, doneOf(fitted, progress.trained));
  return publish(run, { split, settings, prepared, fitted });
}

/** `InterruptedError` where the job was told to stop; what training had is in its last checkpoint. */
function stage({ signal, report }: JobContext, reached: JobProgress): void {
  if (signal.aborted) throw new InterruptedError(String(signal.reason));
  report(reached);
}

/** The progress of a job whose training is over. */
function doneOf({ trained: { history, steps } }: Fitted, fraction: number): JobProgress {
  const { metrics, training_loss } = history.at(-1) ?? {};
  const told = training_loss === undefined ? {} : { ...metrics, training_loss };
  return { fraction, step: steps, epoch: history.length - 1, metrics: told };
}

async function splitRows({ spec, context, table }: TrainRun, settings: SplitSettings): Promise<SplitTable> {
  const task = spec.task ?? (await inferTask(table, spec.target));
  const split = await splitTable(table, {
    target: spec.target,
    task,
    validationFraction: settings.validation_fraction,
    testFraction: settings.test_fraction,
    seed: settings.seed,
  });
  const { train: rows, validation, test, dropped } = split.counts;
  context.log(
    'info',
    `${task} of '${spec.target}': ${rows} rows to train on, ${validation} to validate, ${test} to test`,
  );
  if (dropped > 0) context.log('warn', `${dropped} rows are left out: their target is missing`);
  return split;
}

interface Outcome {
  readonly split: SplitTable;
  readonly settings: SplitSettings;
  readonly prepared: Prepared;
  readonly fitted: Fitted;
}

async function publish(run: TrainRun, outcome: Outcome): Promise<Result> {
  const { spec, context } = run;
  const { prepared, fitted } = outcome;
  const signature = signatureOf(prepared);
  const model = writeModel(exportModel({ ...prepared, weights: fitted.trained.weights }));
  await context.outputs.publish(files.model, model);
  const parts = await measuredParts(run, outcome.split);
  const { metrics, drawn } = await measure(context, { model, signature, parts });
  const { trained, parameters } = fitted;
  const report = reportOf({ prepared, trained, parameters, metrics: { ...metrics, ...drawn } });
  await context.outputs.publish(files.report, new TextEncoder().encode(JSON.stringify(report, null, 2)));
  const { provider, threads } = context;
  const facts = [
    { name: 'Data set', value: spec.dataset },
    { name: 'Ran on', value: `${provider}, ${threads} threads` },
  ];
  await publishPage(context, () => trainingReportPage({ ...report, name: spec.register.name, spec, facts }));
  context.log('info', headline(metrics));
  context.report(doneOf(fitted, 1));
  return {
    type: 'model',
    register: spec.register,
    model: files.model,
    ...(await publishTestRows(context, parts)),
    signature,
    metrics: summaryOf(metrics),
    lineage: { dataset: spec.dataset, ...parentOf(context), split: outcome.settings },
  };
}

/** The version that the model was trained on from. */
function parentOf({ models }: JobContext): Pick<ModelLineage, 'parent'> {
  const base = models?.base;
  return base === undefined ? {} : { parent: { name: base.name, version: base.version } };
}

type Parts = ReadonlyMap<Part, SplitTable>;

/** Enough to see whether the model learned its rows by heart; what it never saw is measured whole. */
const mostMeasuredRows: Partial<Record<Part, number>> = { train: 100_000 };

/** Every part that has rows, each as a table of its own; the test part is the test data set's where there is one. */
async function measuredParts({ spec, testTable }: TrainRun, split: SplitTable): Promise<Parts> {
  const own: [Part, SplitTable][] = (['train', 'validation', 'test'] as const)
    .filter((part) => split.counts[part] > 0)
    .map((part) => [part, partOf(split, part, mostMeasuredRows[part])]);
  if (testTable === undefined) return new Map(own);
  return new Map([
    ...own,
    ['test', await unsplitTable(testTable, { target: spec.target, task: split.task })],
  ]);
}

interface Measured {
  readonly model: Uint8Array;
  readonly signature: ReturnType<typeof signatureOf>;
  readonly parts: Parts;
}

interface Measurement {
  readonly metrics: MetricsBySplit;
  /** Of the part that says most, the last one, with its curves: they are for the report, and too long for a record. */
  readonly drawn: MetricsBySplit;
}

/** Of the exported model, raw rows in: what is reported is what will be served. */
async function measure(context: JobContext, { model, signature, parts }: Measured): Promise<Measurement> {
  const { runtime, provider, threads } = context;
  const session = await runtime.load(model, { provider, threads });
  try {
    const metrics: Record<string, MetricsBySplit[string]> = {};
    const drawn: Record<string, MetricsBySplit[string]> = {};
    const last = [...parts.keys()].at(-1);
    for (const [part, rows] of parts) {
      const predictions = await predictRows(session, { signature, rows, signal: context.signal });
      const measured = metricsOf(predictions);
      metrics[part] = measured;
      if (part === last) drawn[part] = { ...measured, ...curvesOf(predictions) };
      const left = rows.counts.test - measured.rows;
      if (left > 0)
        context.log('warn', `${left} rows to test on are left out: their class is in none of the data`);
    }
    return { metrics, drawn };
  } finally {
    await session.dispose();
  }
}

/** The rows that nothing was learned from, for whoever measures a successor of this model. */
async function publishTestRows({ outputs }: JobContext, parts: Parts): Promise<{ test_rows?: string }> {
  const rows = parts.get('test');
  if (rows === undefined) return {};
  await writeRows(rows, 'all', outputs.path(files.testRows));
  await outputs.publish(files.testRows);
  return { test_rows: files.testRows };
}

/** The numbers that people ask for first. */
function headline(metrics: MetricsBySplit): string {
  const [part = 'train', measured] = Object.entries(metrics).at(-1) ?? [];
  const numbers = Object.entries(measured ?? {}).filter(
    ([name, value]) => name !== 'rows' && typeof value === 'number',
  );
  return `${part}: ${numbers.map(([name, value]) => `${name} ${Number(value).toPrecision(4)}`).join(', ')}`;
}
