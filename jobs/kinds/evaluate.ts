import { readFile } from 'node:fs/promises';
import type { JobManifest } from '../../shared/contracts/events';
import type { EvaluateSpec } from '../../shared/contracts/kinds/evaluate';
import {
  evaluationViolations,
  type MeasurableSignature,
  measurableSignature,
} from '../../shared/datasets/check-evaluation';
import { BadSpecError } from '../../shared/errors/job-errors';
import { nearestNames } from '../datasets/nearest-names';
import { openTable, type Table } from '../datasets/open-table';
import { type SplitTable, unsplitTable } from '../datasets/split-table';
import { bootstrapIntervals } from '../evaluation/bootstrap';
import { checkPredictions, refuseEmpty } from '../evaluation/check-predictions';
import { curvesOf, metricsOf } from '../evaluation/evaluate-model';
import { evaluationReport, headlineOf, summaryOf } from '../evaluation/evaluation-report';
import { measureSlices } from '../evaluation/measure-slices';
import { predictRows } from '../evaluation/predict-rows';
import type { Predictions } from '../evaluation/predictions';
import { planSlices, type SlicePlan } from '../evaluation/slices';
import { evaluationReportPage } from '../reports/evaluation-report-page';
import { publishPage } from '../reports/publish-page';
import type { JobContext, JobKindDefinition } from './job-kind';

const file = 'evaluation.json';

/** Shares of the job's progress: predicting, and drawing again what was predicted. */
const progress = { predicted: 0.6, resampled: 0.95 } as const;

/** Measures a version of a model on a data set, slice by slice, and says how sure the numbers are. */
export const evaluate: JobKindDefinition<'evaluate'> = {
  name: 'evaluate',
  async run(spec, context) {
    const { model } = context;
    if (model === undefined) throw new BadSpecError('the order of an evaluate job names no model');
    const signature = measurableSignature(model, spec);
    const { inputs, scratch, threads } = context;
    const table = await openTable({ data: await inputs.path('data'), scratch, threads });
    try {
      return await evaluateOn({ spec, context, signature, model, table });
    } finally {
      await table.close();
    }
  },
};

interface EvaluationRun {
  readonly spec: EvaluateSpec;
  readonly context: JobContext;
  readonly signature: MeasurableSignature;
  readonly model: NonNullable<JobContext['model']>;
  readonly table: Table;
}

/** Numbers of rows that a model learned say how well it remembers. */
function seenBefore({ spec, model }: EvaluationRun): string[] {
  if (spec.dataset === undefined || spec.dataset !== model.lineage.dataset) return [];
  return [
    `the model was trained on rows of this data set, and remembers them; leave dataset out to measure on the rows that its training held out`,
  ];
}

async function evaluateOn(run: EvaluationRun): Promise<JobManifest['result']> {
  const { spec, context, signature, model, table } = run;
  checkColumns(run);
  const rows = await unsplitTable(table, signature);
  refuseEmpty(rows);
  const plans: SlicePlan[] = [];
  for (const column of spec.slices) plans.push(await planSlices(rows, column));
  const predictions = await predict(run, rows, plans);
  const notes = [...checkPredictions(predictions, rows), ...seenBefore(run)];
  for (const note of notes) context.log('warn', note);

  const { threshold, bins, top_k: topK } = spec.metrics;
  const options = { threshold, bins, topK };
  const metrics = metricsOf(predictions, options);
  const bootstrap = await bootstrapIntervals(
    { predictions, metrics },
    {
      ...options,
      ...spec.bootstrap,
      seed: spec.seed,
      signal: context.signal,
      onProgress: (fraction) => tell(context, between(progress.predicted, progress.resampled, fraction)),
    },
  );
  const report = evaluationReport({
    model: { name: model.name, version: model.version },
    spec,
    signature,
    rows,
    predictions,
    metrics,
    curves: curvesOf(predictions, options),
    bootstrap,
    slices: measureSlices(predictions, plans, options),
    leftOut: plans.flatMap(({ leftOut }) => leftOut ?? []),
    notes,
  });
  await context.outputs.publish(file, new TextEncoder().encode(JSON.stringify(report, null, 2)));
  await publishPage(context, () => evaluationReportPage(report));
  context.log('info', headlineOf(report));
  tell(context, 1);
  return { type: 'evaluation', model: report.model, evaluation: file, metrics: summaryOf(report) };
}

function checkColumns({ spec, signature, table: { columns } }: EvaluationRun): void {
  // whether a column has any value is seen when its rows are read
  const facts = columns.map(({ name, type }) => ({ name, type, empty: type === 'text' }));
  const errors = evaluationViolations({ spec, signature, columns: facts, nearest: nearestNames });
  const [first] = errors;
  if (first !== undefined) throw new BadSpecError(`the data set does not fit: ${first.detail}`, errors);
}

async function predict(
  { context, signature }: EvaluationRun,
  rows: SplitTable,
  plans: readonly SlicePlan[],
): Promise<Predictions> {
  const { runtime, provider, threads, signal, inputs } = context;
  const session = await runtime.load(await readFile(await inputs.path('model')), { provider, threads });
  try {
    return await predictRows(session, {
      signature,
      rows,
      signal,
      slicers: plans.map(({ slicer }) => slicer),
      onRows: (done) => tell(context, between(0, progress.predicted, done / rows.counts.test)),
    });
  } finally {
    await session.dispose();
  }
}

const between = (from: number, to: number, fraction: number): number =>
  from + (to - from) * Math.min(1, fraction);

const tell = ({ report }: JobContext, fraction: number): void => report({ fraction, metrics: {} });
