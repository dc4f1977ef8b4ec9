import type { StepSpec } from '../../shared/contracts/compression/step-spec';
import type { MethodSpec } from '../../shared/contracts/kinds/compress';
import type { CandidateReport, Measured } from '../compression/compression-report';
import { otherCalibrations, quickForms, recipes, staticInt8, trainedForms } from './recipes';

type Steps = readonly StepSpec[];

/** What a search looks at and works with. */
export interface SearchOptions {
  readonly methods: readonly MethodSpec[];
  /** Makes and measures a candidate; one that comes to nothing says why. */
  readonly tryOut: (steps: Steps) => Promise<CandidateReport>;
  /** Names of the layers that a step compresses, by what becomes of the answers, the worst first. */
  readonly rankLayers: (step: StepSpec) => Promise<readonly string[]>;
  /** Under zero: better than the original, by what the contract's owner wants. */
  readonly scoreOf: (measured: Measured) => number;
  /** Whether the drop alone breaks the contract, so that more care could mend it. */
  readonly breaksByDrop: (candidate: CandidateReport) => boolean;
  /** Whether there are rows to learn from. */
  readonly hasSamples: boolean;
  /** Whether the budget is used up. */
  readonly isOver: () => boolean;
}

const keeps = ({ measured, breaks }: CandidateReport): boolean =>
  measured !== undefined && breaks.length === 0;

/** What a search tells of its end. */
export interface Searched {
  readonly tried: readonly CandidateReport[];
  /** Whether the budget was used up before everything was tried. */
  readonly untried: boolean;
}

/** Steps to try, one after the other; each is told what came of the last. */
type Plan = AsyncGenerator<Steps, void, CandidateReport>;

/** Tries what is asked for, in its order. Steps that were tried before are not tried again. */
export async function search(options: SearchOptions): Promise<Searched> {
  const tried: CandidateReport[] = [];
  const known = new Map<string, CandidateReport>();
  const report = async (steps: Steps): Promise<CandidateReport> => {
    const key = JSON.stringify(steps);
    const found = known.get(key) ?? (await options.tryOut(steps));
    if (!known.has(key)) tried.push(found);
    known.set(key, found);
    return found;
  };
  for (const method of options.methods) {
    const plan = planOf(method, tried, options);
    for (let next = await plan.next(); !next.done; next = await plan.next(await report(next.value)))
      if (options.isOver()) return { tried, untried: true };
  }
  return { tried, untried: false };
}

async function* planOf(method: MethodSpec, tried: readonly CandidateReport[], options: SearchOptions): Plan {
  if (method === 'auto') yield* auto(tried, options);
  else if (typeof method === 'string') yield* inTurn(recipes[method]);
  else yield Array.isArray(method) ? method : [method];
}

async function* inTurn(forms: readonly Steps[]): Plan {
  for (const steps of forms) yield steps;
}

/** From what takes seconds to what is trained; each stage is told by what was measured where more care may pay. */
async function* auto(tried: readonly CandidateReport[], options: SearchOptions): Plan {
  yield* inTurn(quickForms);
  yield* moreCareful(tried, options);
  if (!options.hasSamples) return;
  if (!tried.some((candidate) => keeps(candidate) && hasStep(candidate, 'int8_static')))
    yield trainedForms.quantizationAware;
  yield* pruned();
}

const hasStep = ({ steps }: CandidateReport, name: StepSpec['name']): boolean =>
  steps.some((step) => step.name === name);

/** What is spoilt by its drop alone, and would be better than all that keeps the contract. */
function worthMending(tried: readonly CandidateReport[], { breaksByDrop, scoreOf }: SearchOptions) {
  const scored = (candidate: CandidateReport) =>
    candidate.measured === undefined ? Number.POSITIVE_INFINITY : scoreOf(candidate.measured);
  const best = Math.min(0, ...tried.filter(keeps).map(scored));
  return tried
    .filter((candidate) => breaksByDrop(candidate) && scored(candidate) < best)
    .toSorted((a, b) => scored(a) - scored(b));
}

/** Other ranges for activations; then the worst layers stay in floats: one, two, four, as long as it takes. */
async function* moreCareful(tried: readonly CandidateReport[], options: SearchOptions): AsyncIterable<Steps> {
  const spoilt = worthMending(tried, options);
  if (spoilt.some((candidate) => hasStep(candidate, 'int8_static')))
    for (const step of otherCalibrations) yield [step];
  for (const { steps } of worthMending(tried, options)) {
    const [step, ...more] = steps;
    if (step !== undefined && more.length === 0 && 'keep' in step) yield* keepingLayers(step, options);
  }
}

async function* keepingLayers(
  step: Extract<StepSpec, { keep: unknown }>,
  { rankLayers }: SearchOptions,
): Plan {
  const ranked = await rankLayers(step);
  for (let count = 1; count <= ranked.length / 2; count *= 2)
    if (keeps(yield [{ ...step, keep: ranked.slice(0, count) }])) return;
}

/** Half of the channels, else a quarter; and what is left of them in int8. */
async function* pruned(): Plan {
  for (const steps of trainedForms.pruned) {
    const report = yield steps;
    if (report.failed !== undefined) return;
    if (!keeps(report)) continue;
    yield [...steps, staticInt8];
    return;
  }
}
