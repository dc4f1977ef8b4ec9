import type { StepSpec } from '../../shared/contracts/compression/step-spec';
import type { CandidateReport, CleanupReport, Measured } from '../compression/compression-report';
import { candidateFile, type TriedCandidate } from './candidate-store';
import { answersFolder, type CompressionRun } from './compression-run';
import { brokenClauses } from './hold-contract';
import { needsReducedRange } from './machine';
import { askModel, measuredOf } from './measure-candidate';
import type { OutcomeOf } from './orders';

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
  const { metric, drop } = await judge.judge(answers);
  return measuredOf({ file, asked, metric, drop, target, reference: first.latency });
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
}

/** The name of the original after its clean-up, among candidates. */
export const cleanedId = 'clean_up';

/** The original without what changes no answer of it. Where that comes to nothing, the original as it is. */
export async function cleanOriginal(run: CompressionRun): Promise<Cleaned> {
  const { context, runTask, model, original, asked } = run;
  const start = performance.now();
  const written = `${context.scratch}/cleaned.onnx`;
  const result = await runTask('clean', { model, written });
  const file = 'failed' in result ? model : written;
  const found = 'failed' in result ? { failed: result.failed } : await measureFile(run, file, cleanedId);
  const candidate = reportOf(run, { id: cleanedId, steps: [], notes: [], start }, found);
  const after = candidate.measured ?? original;
  const report = {
    bytes_before: original.bytes,
    bytes_after: after.bytes,
    latency_before: asked.latency,
    latency_after: after.latency_milliseconds,
    passes: 'failed' in result ? [] : result.done.passes,
  };
  // what does not run is no ground to build on
  return { file: candidate.measured ? file : model, candidate, report };
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
