import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contractMetric } from '../../shared/contracts/compression/contract-metrics';
import type { CompressSpec } from '../../shared/contracts/kinds/compress';
import type { ModelSignature } from '../../shared/contracts/model';
import type { OrderModel } from '../../shared/contracts/run-order';
import {
  judgedSignature,
  metricOfContract,
  refuseTeacherOfOthers,
} from '../../shared/datasets/check-compression';
import { isLanguageModel } from '../../shared/datasets/check-evaluation';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import { readModel } from '../../shared/onnx/read-model';
import { deriveSignature } from '../../shared/predictions/derive-signature';
import type { CompressionReport } from '../compression/compression-report';
import type { ModelMetrics } from '../evaluation/evaluate-model';
import type { JobContext } from '../kinds/job-kind';
import { inspectModel } from '../models/inspect-model';
import { choose, type Goal, goalOf, scoreOf, type Verdict, withFront } from './choose';
import { answersFolder, type CompressionRequest, type CompressionRun, openRun } from './compression-run';
import { brokenByDrop, describedDrop, isBrokenByDrop } from './hold-contract';
import { machineNotes, machineOf, needsReducedRange } from './machine';
import { splitOf, withRows } from './open-rows';
import type { RowSources } from './row-source';
import { search } from './search';
import { type CandidateFiles, openTrials, type Trials } from './trials';
import { type Cleaned, cleanOriginal } from './try-candidate';
import { rowLimits, writeRows } from './write-rows';

/** What a compression came to. */
export interface Compression {
  readonly report: CompressionReport;
  /** The chosen model's file; absent where the original stays. */
  readonly file?: string;
  readonly signature: ModelSignature;
  /** Path of the rows that nothing was learned from, neither by the original nor by what came of it. */
  readonly heldOut?: string;
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
  const { spec, context, contract, original, judge, samples } = run;
  context.log('info', toldOfOriginal(run, rows));
  const cleaned = await cleanOriginal(run);
  const goal = goalOf(spec.methods.filter((method) => typeof method === 'string'));
  const trials = await openTrials(run, cleaned, start);
  const { untried } = await search({
    methods: spec.methods,
    tryOut: trials.tryOut,
    rankLayers: trials.rankLayers,
    scoreOf: (measured) => scoreOf(measured, original, goal),
    breaksByDrop: ({ measured }) => measured !== undefined && isBrokenByDrop(measured, contract),
    hasSamples: samples.rows > 0,
    isOver: trials.isOver,
  });
  const { verdict, files } = await settle(run, trials, goal);
  const report = reportOf(run, { rows, source, cleaned, trials, verdict, untried, start });
  const metrics = await judge.metrics(files?.answers ?? answersFolder(context, 'original'));
  const heldOut = await heldOutOf(context, rows);
  return {
    report,
    signature,
    ...(files ? { file: files.file } : {}),
    ...(heldOut === undefined ? {} : { heldOut }),
    ...(metrics ? { metrics } : {}),
  };
}

interface Found extends Pick<Known, 'rows' | 'source'> {
  readonly cleaned: Cleaned;
  readonly trials: Trials;
  readonly verdict: Verdict;
  /** Whether the budget ended before everything was tried. */
  readonly untried: boolean;
  readonly start: number;
}

function reportOf(run: CompressionRun, found: Found): CompressionReport {
  const { spec, context, contract, original, judge, samples } = run;
  const { rows, source, cleaned, trials, verdict, untried, start } = found;
  const machine = machineOf();
  return {
    model: { name: source.name, version: source.version },
    contract,
    data: {
      judged_rows: judge.rows.searched + judge.rows.confirmed,
      judged_on: rows.judged.told,
      sample_rows: samples.rows,
    },
    machine: { cpu: `${machine.name} (${machine.kind})`, threads: 1, provider: context.provider },
    cleanup: cleaned.report,
    original,
    candidates: withFront(trials.reports(), original),
    ...verdict,
    layers: trials.layersOf(verdict.chosen.id),
    seconds: (performance.now() - start) / 1_000,
    notes: [
      ...rows.notes,
      ...cleaned.notes,
      ...notesOf(run, rows),
      ...reducedRange(run, trials),
      ...(untried ? [`the budget of ${spec.budget.minutes} minutes ended before everything was tried`] : []),
      ...machineNotes(machine, spec.contract.target.cpu),
    ],
  };
}

async function heldOutOf({ inputs, scratch }: JobContext, rows: RowSources): Promise<string | undefined> {
  if (!inputs.has('test_rows')) return undefined;
  if (rows.writeHeldOut === undefined) return inputs.path('test_rows');
  const path = join(scratch, 'judged-rows.parquet');
  await rows.writeHeldOut(path);
  return path;
}

function toldOfOriginal({ original, contract, judge }: CompressionRun, { judged }: RowSources): string {
  const { bytes, latency_milliseconds: latency, metric } = original;
  const rows = judge.rows.searched + judge.rows.confirmed;
  return `the original: ${bytes} bytes, ${latency.p50.toPrecision(3)} ms, ${contract.metric} ${metric.value.toPrecision(4)} on ${rows} rows (${judged.told})`;
}

/** Steps whose weights have 8 bits. */
const ofEightBits: readonly string[] = ['int8_dynamic', 'int8_static', 'quantization_aware'];

function reducedRange({ spec }: CompressionRun, trials: Trials): string[] {
  const tried = trials.reports().some(({ steps }) => steps.some(({ name }) => ofEightBits.includes(name)));
  return tried && needsReducedRange(spec.contract.target.cpu)
    ? ['weights of int8 steps use 7 bits, so that processors without VNNI answer alike']
    : [];
}

interface Settled {
  readonly verdict: Verdict;
  /** Absent where the original stays. */
  readonly files?: CandidateFiles;
}

/**
 * The best candidate that keeps the contract also on rows that the search was not told by; where it does not, the next best.
 * One that an earlier attempt of the job made is made and measured again, for its file went with that attempt.
 */
async function settle(run: CompressionRun, trials: Trials, goal: Goal): Promise<Settled> {
  const { original, contract, judge } = run;
  for (;;) {
    const verdict = choose({ candidates: trials.reports(), original, contract, goal });
    const { id, why } = verdict.chosen;
    if (id === 'original') return { verdict };
    const files = trials.filesOf(id);
    if (files === undefined) {
      await trials.again(id);
      continue;
    }
    const confirmed = await judge.confirm(files.answers);
    if (confirmed === undefined) return { verdict, files };
    const seen = `on ${judge.rows.confirmed} rows that no choice was made by`;
    const broken = brokenByDrop(confirmed.drop, contract);
    if (broken === undefined) {
      const told = `${why}; ${seen} it is ${describedDrop(confirmed.drop, contract)}`;
      return { verdict: { ...verdict, chosen: { id, why: told } }, files };
    }
    trials.refute(id, `${seen}, ${broken}`);
  }
}

/** Fewer rows than that tell a point of a share only by chance. */
const fewRows = 500;

function notesOf({ judge, judged }: CompressionRun, rows: RowSources): string[] {
  const { searched, confirmed, leftOut } = judge.rows;
  const few =
    searched < fewRows
      ? [
          `candidates are judged by ${searched} rows: differences below ${(3 / searched).toPrecision(2)} cannot be told from chance`,
        ]
      : [];
  const same =
    confirmed === 0
      ? ['the rows are too few to confirm the choice on others than those that it was made by']
      : [];
  const unknown =
    leftOut === 0
      ? []
      : [`${leftOut} rows are not judged by: their truth is missing, or no class of the model`];
  const some =
    rows.judged.rows <= judged.rows
      ? []
      : [`${judged.rows} of ${rows.judged.rows} rows, drawn at random, are judged by`];
  return [...few, ...same, ...unknown, ...some];
}
