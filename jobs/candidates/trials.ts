import { rm } from 'node:fs/promises';
import type { StepSpec } from '../../shared/contracts/compression/step-spec';
import type { CandidateReport, LayerReport } from '../compression/compression-report';
import { candidateId } from './candidate-id';
import { candidateFile, earlierCandidates, saveCandidates, type TriedCandidate } from './candidate-store';
import { answersFolder, type CompressionRun, leastMilliseconds } from './compression-run';
import { needsReducedRange } from './machine';
import { type Cleaned, cleanedId, tryCandidate } from './try-candidate';

/** A model's file, and the folder of what it answered. */
export interface CandidateFiles {
  readonly file: string;
  readonly answers: string;
}

/** The candidates of a job, as they come. */
export interface Trials {
  /** All of them, the cleaned original first. */
  readonly reports: () => readonly CandidateReport[];
  readonly tryOut: (steps: readonly StepSpec[]) => Promise<CandidateReport>;
  /** Layers that a step compresses, by what becomes of the answers, the worst first. */
  readonly rankLayers: (step: StepSpec) => Promise<readonly string[]>;
  /** Whether the budget is used up. */
  readonly isOver: () => boolean;
  readonly layersOf: (id: string) => readonly LayerReport[];
  /** Undefined where they are not there: another attempt of the job made them, or it is the original. */
  readonly filesOf: (id: string) => CandidateFiles | undefined;
  /** Makes and measures a candidate anew, in the place of what an earlier attempt told. */
  readonly again: (id: string) => Promise<void>;
  /** What was found out later: a clause that it breaks. */
  readonly refute: (id: string, clause: string) => void;
}

interface Kept extends TriedCandidate {
  /** Where this attempt made it. */
  readonly files?: CandidateFiles;
}

const withBreak = (report: CandidateReport, clause: string): CandidateReport => ({
  ...report,
  breaks: [...report.breaks, clause],
});

const keeps = ({ measured, breaks }: CandidateReport): boolean =>
  measured !== undefined && breaks.length === 0;

/** Whatever an earlier attempt of the job measured is not measured again. */
export async function openTrials(run: CompressionRun, cleaned: Cleaned, start: number): Promise<Trials> {
  const { context, spec } = run;
  const earlier = await earlierCandidates(context);
  if (earlier.length > 0)
    context.log('info', `${earlier.length} candidates of an earlier attempt are taken over`);
  const tried: Kept[] = [];
  let cleanedReport = cleaned.candidate;
  const budget = spec.budget.minutes * 60_000;
  const elapsed = () => performance.now() - start;
  const left = () => Math.max(leastMilliseconds, 2 * budget - elapsed());
  const place = (id: string) => tried.findIndex(({ report }) => report.id === id);

  async function fresh(id: string, steps: readonly StepSpec[], at: number): Promise<Kept> {
    const candidate = await tryCandidate(run, {
      id,
      steps,
      place: at,
      cleaned,
      deadlineMilliseconds: left(),
    });
    const files = { file: candidateFile(context, at), answers: answersFolder(context, String(at)) };
    if (keeps(candidate.report)) return { ...candidate, files };
    // nobody will ask for them: large models would fill the disk
    await Promise.all([rm(files.file, { force: true }), rm(files.answers, { recursive: true, force: true })]);
    return candidate;
  }

  const save = () =>
    saveCandidates(
      context,
      tried.map(({ report, layers }) => ({ report, layers })),
    );

  return {
    reports: () => [cleanedReport, ...tried.map(({ report }) => report)],
    isOver: () => elapsed() > budget,
    layersOf: (id) => tried[place(id)]?.layers ?? [],
    async tryOut(steps) {
      const id = candidateId(steps, (taken) => place(taken) >= 0);
      const known = earlier.find(({ report }) => JSON.stringify(report.steps) === JSON.stringify(steps));
      const candidate = known
        ? { ...known, report: { ...known.report, id } }
        : await fresh(id, steps, tried.length);
      tried.push(candidate);
      if (known === undefined) context.log('info', toldOf(candidate.report));
      await save();
      const fraction = Math.min(0.95, elapsed() / budget);
      context.report({ fraction, metrics: { candidates: tried.length } });
      return candidate.report;
    },
    async rankLayers(step) {
      const result = await run.runTask('rank_layers', rankOrder(run, cleaned, step), {
        deadlineMilliseconds: left(),
      });
      if ('failed' in result) context.log('warn', `layers could not be ranked: ${result.failed}`);
      return 'failed' in result ? [] : result.done.layers;
    },
    filesOf(id) {
      if (id === cleanedId) return { file: cleaned.file, answers: answersFolder(context, cleanedId) };
      return tried[place(id)]?.files;
    },
    async again(id) {
      const at = place(id);
      const known = tried[at];
      if (known === undefined) return;
      tried[at] = await fresh(id, known.report.steps, at);
      await save();
    },
    refute(id, clause) {
      if (id === cleanedId) cleanedReport = withBreak(cleanedReport, clause);
      const at = place(id);
      const known = tried[at];
      if (known !== undefined) tried[at] = { ...known, report: withBreak(known.report, clause) };
    },
  };
}

const rankOrder = ({ signature, samples, spec }: CompressionRun, cleaned: Cleaned, step: StepSpec) => ({
  model: cleaned.file,
  signature,
  samples: samples.folder,
  sampleRows: samples.rows,
  step,
  reduceRange: needsReducedRange(spec.contract.target.cpu),
  seed: spec.seed,
});

function toldOf({ id, measured, failed, breaks }: CandidateReport): string {
  if (measured === undefined) return `${id}: ${failed}`;
  const { bytes, latency_milliseconds: latency, drop } = measured;
  const broken = breaks.length === 0 ? 'keeps the contract' : breaks.join('; ');
  return `${id}: ${bytes} bytes, ${latency.p50.toPrecision(3)} ms, drop ${drop.value.toPrecision(3)}: ${broken}`;
}
