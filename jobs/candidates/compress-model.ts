import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contractMetric } from '../../shared/contracts/compression/contract-metrics';
import type { StepSpec } from '../../shared/contracts/compression/step-spec';
import type { CompressSpec } from '../../shared/contracts/kinds/compress';
import type { ModelSignature } from '../../shared/contracts/model';
import type { OrderModel } from '../../shared/contracts/run-order';
import {
  isLanguageModel,
  judgedSignature,
  metricOfContract,
  refuseTeacherOfOthers,
} from '../../shared/datasets/check-compression';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import { readModel } from '../../shared/onnx/read-model';
import { deriveSignature } from '../../shared/predictions/derive-signature';
import type { CandidateReport, CompressionReport } from '../compression/compression-report';
import type { ModelMetrics } from '../evaluation/evaluate-model';
import type { JobContext } from '../kinds/job-kind';
import { inspectModel } from '../models/inspect-model';
import { candidateId } from './candidate-id';
import { candidateFile, earlierCandidates, saveCandidates, type TriedCandidate } from './candidate-store';
import { choose, goalOf, scoreOf, withFront } from './choose';
import { answersFolder, type CompressionRequest, type CompressionRun, openRun } from './compression-run';
import { isBrokenByDrop } from './hold-contract';
import { machineNotes, machineOf, needsReducedRange } from './machine';
import { splitOf, withRows } from './open-rows';
import type { RowSources } from './row-source';
import { search } from './search';
import { type Cleaned, cleanedId, cleanOriginal, tryCandidate } from './try-candidate';
import { rowLimits, writeRows } from './write-rows';

/** What a compression came to. */
export interface Compression {
  readonly report: CompressionReport;
  /** The chosen model's file; absent where the original stays. */
  readonly file?: string;
  readonly signature: ModelSignature;
  /** All metrics of the chosen model, where the rows have the truth. */
  readonly metrics?: ModelMetrics;
}

/** Tries forms of a model and chooses the best that keeps the contract; see `compress` in `jobs/kinds`. */
export async function compressModel(
  spec: CompressSpec,
  context: JobContext,
  source: OrderModel,
): Promise<Compression> {
  const path = await context.inputs.path('model');
  const model = readModel(await readFile(path));
  const { inputs, outputs, problems } = inspectModel(model);
  const [problem] = problems;
  if (problem !== undefined) throw new UnsuitableModelError(problem.detail);
  const signature = source.signature ?? deriveSignature(inputs, outputs);
  return withRows({ spec, context, model, signature }, async (rows) => {
    const run = await openRun({ ...(await asked({ spec, context, signature, rows })), model: path });
    return compressRun(run, { rows, source, signature });
  });
}

interface Asking {
  readonly spec: CompressSpec;
  readonly context: JobContext;
  readonly signature: ModelSignature;
  readonly rows: RowSources;
}

/** The contract with its defaults filled in, and the rows where the processes of the job read them. */
async function asked({ spec, context, signature: given, rows }: Asking) {
  const signature = judgedSignature(given, spec.target);
  const metric = metricOfContract(spec, { signature, labelled: rows.labelled });
  const { higherIsBetter } = contractMetric(metric);
  const limits = rowLimits(context);
  const judged = await writeRows(rows.judged, join(context.scratch, 'judged'), limits.judged);
  const samples = await writeRows(rows.samples, join(context.scratch, 'samples'), limits.samples);
  const contract = { ...spec.contract, metric, higher_is_better: higherIsBetter };
  const own = { spec, context, signature, contract, judged, samples };
  return { ...own, ...(await studentsTools(spec, context, signature)) };
}

/** What a student learns from: a table, and the teacher where it is another model. */
async function studentsTools(
  spec: CompressSpec,
  context: JobContext,
  signature: ModelSignature,
): Promise<Pick<CompressionRequest, 'table' | 'teacher'>> {
  if (isLanguageModel(signature)) return {};
  const data = await context.inputs.path(context.inputs.has('data') ? 'data' : 'test_rows');
  const split = splitOf({ spec, context });
  const table = { data, ...(split ? { split } : {}) };
  const other = context.models?.teacher;
  if (other === undefined) return { table };
  refuseTeacherOfOthers(other, signature);
  const { name, version, signature: own = signature } = other;
  return { table, teacher: { model: await context.inputs.path('teacher'), name, version, signature: own } };
}

interface Known {
  readonly rows: RowSources;
  readonly source: OrderModel;
  readonly signature: ModelSignature;
}

async function compressRun(run: CompressionRun, { rows, source, signature }: Known): Promise<Compression> {
  const start = performance.now();
  const { spec, context, contract, original, judge, judged, samples } = run;
  const cleaned = await cleanOriginal(run);
  const goal = goalOf(spec.methods.filter((method) => typeof method === 'string'));
  const trials = await openTrials(run, cleaned, start);
  await search({
    methods: spec.methods,
    tryOut: trials.tryOut,
    rankLayers: (step) => rankLayers(run, cleaned, step),
    scoreOf: (measured) => scoreOf(measured, original, goal),
    breaksByDrop: ({ measured }) => measured !== undefined && isBrokenByDrop(measured, contract),
    hasSamples: samples.rows > 0,
    isOver: trials.isOver,
  });
  const reports = [cleaned.candidate, ...trials.tried.map(({ report }) => report)];
  const candidates = withFront(reports, original);
  const verdict = choose({ candidates, original, contract, goal });
  const machine = machineOf();
  const report: CompressionReport = {
    model: { name: source.name, version: source.version },
    contract,
    data: { judged_rows: judge.rows, judged_on: rows.judged.told, sample_rows: samples.rows },
    machine: { cpu: `${machine.name} (${machine.kind})`, threads: 1, provider: context.provider },
    cleanup: cleaned.report,
    original,
    candidates,
    ...verdict,
    layers: trials.tried.find((each) => each.report.id === verdict.chosen.id)?.layers ?? [],
    seconds: (performance.now() - start) / 1_000,
    notes: [
      ...rows.notes,
      ...notesOf(run, { judgedAll: rows.judged.rows === judged.rows }),
      ...machineNotes(machine, spec.contract.target.cpu),
    ],
  };
  const files = await trials.chosen(verdict.chosen.id);
  const metrics = rows.labelled
    ? await judge.metrics(files?.answers ?? answersFolder(context, 'original'))
    : undefined;
  return { report, signature, ...(files ? { file: files.file } : {}), ...(metrics ? { metrics } : {}) };
}

/** Fewer rows than that tell a point of a share only by chance. */
const fewRows = 500;

function notesOf({ judge, judged, spec }: CompressionRun, { judgedAll }: { judgedAll: boolean }): string[] {
  const few =
    judge.rows < fewRows
      ? [`candidates are judged by ${judge.rows} rows: their intervals say how little that is`]
      : [];
  const some = judgedAll ? [] : [`of more rows, the first ${judged.rows} in a shuffled order are judged by`];
  const seven = needsReducedRange(spec.contract.target.cpu)
    ? ['8-bit weights use 7 bits, so that processors without VNNI answer alike']
    : [];
  return [...few, ...some, ...seven];
}

interface Trials {
  readonly tried: readonly TriedCandidate[];
  readonly tryOut: (steps: readonly StepSpec[]) => Promise<CandidateReport>;
  readonly isOver: () => boolean;
  /** Where a candidate and its answers lie; undefined for the original. */
  readonly chosen: (id: string) => Promise<{ file: string; answers: string } | undefined>;
}

/** Of the budget's time, for the candidate that was begun last. */
const leastMilliseconds = 60_000;

async function openTrials(run: CompressionRun, cleaned: Cleaned, start: number): Promise<Trials> {
  const { context, spec } = run;
  const earlier = await earlierCandidates(context);
  const tried: TriedCandidate[] = [];
  const budget = spec.budget.minutes * 60_000;
  const elapsed = () => performance.now() - start;
  const askedOf = (id: string, steps: readonly StepSpec[], place: number) => {
    const deadlineMilliseconds = Math.max(leastMilliseconds, 2 * budget - elapsed());
    return { id, steps, place, cleaned, deadlineMilliseconds };
  };
  return {
    tried,
    isOver: () => elapsed() > budget,
    async tryOut(steps) {
      const id = candidateId(steps, (taken) => tried.some(({ report }) => report.id === taken));
      const known = earlier.find(({ report }) => JSON.stringify(report.steps) === JSON.stringify(steps));
      const candidate = known
        ? { ...known, report: { ...known.report, id } }
        : await tryCandidate(run, askedOf(id, steps, tried.length));
      tried.push(candidate);
      context.log('info', toldOf(candidate.report));
      await saveCandidates(context, tried);
      const fraction = Math.min(0.95, elapsed() / budget);
      context.report({ fraction, metrics: { candidates: tried.length } });
      return candidate.report;
    },
    async chosen(id) {
      if (id === cleanedId) return { file: cleaned.file, answers: answersFolder(context, cleanedId) };
      const place = tried.findIndex(({ report }) => report.id === id);
      const found = tried[place];
      if (found === undefined) return undefined;
      const files = { file: candidateFile(context, place), answers: answersFolder(context, String(place)) };
      const isThere = await access(files.answers).then(
        () => true,
        () => false,
      );
      // an earlier attempt of the job made it, on another machine
      if (!isThere) await tryCandidate(run, askedOf(id, found.report.steps, place));
      return files;
    },
  };
}

function toldOf({ id, measured, failed, breaks }: CandidateReport): string {
  if (measured === undefined) return `${id}: ${failed}`;
  const { bytes, latency_milliseconds: latency, drop } = measured;
  const broken = breaks.length === 0 ? 'keeps the contract' : breaks.join('; ');
  return `${id}: ${bytes} bytes, ${latency.p50.toPrecision(3)} ms, drop ${drop.value.toPrecision(3)}: ${broken}`;
}

async function rankLayers(
  { runTask, signature, samples, spec }: CompressionRun,
  cleaned: Cleaned,
  step: StepSpec,
): Promise<readonly string[]> {
  const result = await runTask('rank_layers', {
    model: cleaned.file,
    signature,
    samples: samples.folder,
    sampleRows: samples.rows,
    step,
    reduceRange: needsReducedRange(spec.contract.target.cpu),
    seed: spec.seed,
  });
  return 'failed' in result ? [] : result.done.layers;
}
