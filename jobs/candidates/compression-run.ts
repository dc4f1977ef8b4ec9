import { join } from 'node:path';
import type { ContractMetricName } from '../../shared/contracts/compression/contract-metrics';
import type { CompressSpec } from '../../shared/contracts/kinds/compress';
import type { ModelSignature } from '../../shared/contracts/model';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import type { Measured, ReportedContract } from '../compression/compression-report';
import type { JobContext } from '../kinds/job-kind';
import { type Judge, openJudge } from './judge';
import { askModel, measuredOf, type ServingTarget } from './measure-candidate';
import type { OrderOf, OutcomeOf } from './orders';
import { type RunTask, taskRunner } from './run-task';
import type { WrittenRows } from './write-rows';

export interface CompressionRequest {
  readonly spec: CompressSpec;
  readonly context: JobContext;
  readonly signature: ModelSignature;
  readonly contract: ReportedContract & { readonly metric: ContractMetricName };
  /** Path of the model as it was given. */
  readonly model: string;
  readonly judged: WrittenRows;
  readonly samples: WrittenRows;
  readonly table?: OrderOf<'make'>['table'];
  readonly teacher?: OrderOf<'make'>['teacher'];
}

/** A compression whose original runs, and is measured. */
export interface CompressionRun extends CompressionRequest {
  readonly runTask: RunTask;
  readonly judge: Judge;
  readonly original: Measured;
  /** What the original's process told. */
  readonly asked: OutcomeOf<'measure'>;
  readonly target: ServingTarget;
  /** How long a candidate may take to be measured, by how long the original took. */
  readonly measureMilliseconds: number;
}

const unchanged = { value: 0, low: 0, high: 0 };

/** A candidate that takes so many times as long as the original is of no use to anybody. */
const slowestCandidate = 20;
/** What any task of a job is given, however short its budget. */
export const leastMilliseconds = 60_000;

/** A folder for what a model answers. */
export const answersFolder = ({ scratch }: Pick<JobContext, 'scratch'>, name: string): string =>
  join(scratch, `answers-${name}`);

/** `UnsuitableModelError` where the original itself does not load, or ends its process. */
export async function openRun(request: CompressionRequest): Promise<CompressionRun> {
  const { spec, context, model, judged, signature, contract } = request;
  const runTask = taskRunner(context);
  const answers = answersFolder(context, 'original');
  const start = performance.now();
  // by turns with itself, as every candidate is measured by turns with it
  const asked = await askModel(runTask, { model, original: model, judged: judged.folder, answers });
  if ('failed' in asked)
    throw new UnsuitableModelError(
      `the model cannot be run, so there is nothing to compare with: ${asked.failed}`,
    );
  const took = performance.now() - start;
  const budget = Math.max(2 * spec.budget.minutes * 60_000, took * 2);
  const measureMilliseconds = Math.max(leastMilliseconds, Math.min(slowestCandidate * took, budget));
  const judge = await openJudge({
    signature,
    metric: contract.metric,
    judged: judged.folder,
    original: answers,
    seed: spec.seed,
    signal: context.signal,
  });
  const target = { cpu: spec.contract.target.cpu, mostMegabytes: spec.contract.target.memory_mb };
  const original = await measuredOf({ file: model, asked, metric: judge.original, drop: unchanged, target });
  return { ...request, runTask, judge, original, asked, target, measureMilliseconds };
}
