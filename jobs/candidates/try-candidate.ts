import { join } from 'node:path';
import type { StepSpec } from '../../shared/contracts/compression/step-spec';
import { AppError } from '../../shared/errors/app-error';
import type { CandidateReport, CleanupReport, Measured } from '../compression/compression-report';
import { candidateFile, type TriedCandidate } from './candidate-store';
import { answersFolder, type CompressionRun } from './compression-run';
import { brokenClauses } from './hold-contract';
import { needsReducedRange } from './machine';
import { askModel, measuredOf } from './measure-candidate';
import type { OutcomeOf } from './orders';
import { sameAnswers } from './same-answers';

interface Failure {
  readonly failed: string;
}

/** All numbers of a model file beside the original's; its answers stay in a folder of that name. */
async function measureFile(run: CompressionRun, file: string, name: string): Promise<Measured | Failure> {
  const { context, runTask, model, judged, judge, target, asked: first, measureMilliseconds } = run;
  const answers = answersFolder(context, name);
  const request = { model: file, original: model, judged: judged.folder, answers };
  const asked = await askModel(runTask, { ...request, deadlineMilliseconds: measureMilliseconds });
  if ('failed' in asked) return asked;
  try {
    const { metric, drop } = await judge.judge(answers);
    return await measuredOf({ file, asked, metric, drop, target, reference: first.latency });
  } catch (error) {
    // answers that cannot be judged are the candidate's own fault, and nobody else's
    if (context.signal.aborted || !(error instanceof AppError)) throw error;
    return { failed: error.message };
  }
}

interface Report {
  readonly id: string;
  readonly steps: readonly StepSpec[];
  readonly notes: readonly string[];
  readonly start: number;
}

function reportOf(
  { contract }: CompressionRun,
  { start, ...told }: Report,
  found: Measured | Failure,
): CandidateReport {
  const report = { ...told, on_front: false, seconds: (performance.now() - start) / 1_000 };
  if ('failed' in found) return { ...report, failed: found.failed, breaks: [] };
  return { ...report, measured: found, breaks: brokenClauses(found, contract) };
}

/** What every candidate is made from. */
export interface Cleaned {
  readonly file: string;
  readonly candidate: CandidateReport;
  readonly report: CleanupReport;
  /** What people should know of it. */
  readonly notes: readonly string[];
}

/** The name of the original after its clean-up, among candidates. */
export const cleanedId = 'clean_up';

const notLossless =
  'the clean-up changed answers by more than rounding, so candidates are made from the model as it was given';

/** A model without what changes no answer of it, or why there is none. */
async function cleanFile(run: CompressionRun, written: string) {
  const { runTask, context, model, measureMilliseconds: deadlineMilliseconds } = run;
  const result = await runTask('clean', { model, written }, { deadlineMilliseconds });
  if ('failed' in result) return result;
  const found = await measureFile(run, written, cleanedId);
  if ('failed' in found) return found;
  const [original, cleaned] = ['original', cleanedId].map((name) => answersFolder(context, name));
  if (!(await sameAnswers(original ?? '', cleaned ?? ''))) return { failed: notLossless };
  return { found, passes: result.done.passes };
}

/** The original without what changes no answer of it; where that comes to nothing, or changes one, the original as it is. */
export async function cleanOriginal(run: CompressionRun): Promise<Cleaned> {
  const { context, model, original, asked } = run;
  const start = performance.now();
  const written = join(context.scratch, 'cleaned.onnx');
  const result = await cleanFile(run, written);
  const isClean = !('failed' in result);
  const told = { id: cleanedId, steps: [], notes: [], start };
  const candidate = reportOf(run, told, isClean ? result.found : { failed: result.failed });
  const after = candidate.measured ?? original;
  return {
    file: isClean ? written : model,
    candidate,
    notes: isClean ? [] : [`no clean-up: ${result.failed}`],
    report: {
      bytes_before: original.bytes,
      bytes_after: after.bytes,
      latency_before: asked.latency,
      latency_after: after.latency_milliseconds,
      passes: isClean ? result.passes : [],
    },
  };
}

export interface AskedCandidate {
  readonly id: string;
  readonly steps: readonly StepSpec[];
  /** Among those that were tried. */
  readonly place: number;
  readonly cleaned: Cleaned;
  readonly deadlineMilliseconds: number;
}

/** Makes the model of a candidate at its place. */
async function makeFile(
  run: CompressionRun,
  { steps, place, cleaned, deadlineMilliseconds }: AskedCandidate,
): Promise<OutcomeOf<'make'> | Failure> {
  const { context, runTask, signature, samples, table, teacher, spec } = run;
  const result = await runTask(
    'make',
    {
      model: cleaned.file,
      original: cleaned.file,
      signature,
      samples: samples.folder,
      sampleRows: samples.rows,
      ...(table ? { table } : {}),
      ...(teacher ? { teacher } : {}),
      steps: [...steps],
      reduceRange: needsReducedRange(spec.contract.target.cpu),
      seed: spec.seed,
      written: candidateFile(context, place),
    },
    { deadlineMilliseconds },
  );
  return 'failed' in result ? { failed: result.failed } : result.done;
}

/** Makes and measures a candidate, each in a process of its own; one that comes to nothing says why. */
export async function tryCandidate(run: CompressionRun, asked: AskedCandidate): Promise<TriedCandidate> {
  const { id, steps, place } = asked;
  const start = performance.now();
  const made = await makeFile(run, asked);
  if ('failed' in made) return { report: reportOf(run, { id, steps, notes: [], start }, made), layers: [] };
  const found = await measureFile(run, candidateFile(run.context, place), String(place));
  return { report: reportOf(run, { id, steps, notes: made.notes, start }, found), layers: made.layers };
}
