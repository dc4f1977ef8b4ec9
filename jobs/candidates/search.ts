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

/** Every candidate that was tried, in the order of the trials. Steps that were tried before are not tried again. */
export async function search(options: SearchOptions): Promise<readonly CandidateReport[]> {
  const tried: CandidateReport[] = [];
  const known = new Set<string>();
  for (const method of options.methods)
    for await (const steps of stepsOf(method, tried, options)) {
      if (options.isOver()) return tried;
      const key = JSON.stringify(steps);
      if (!known.has(key)) tried.push(await options.tryOut(steps));
      known.add(key);
    }
  return tried;
}

async function* stepsOf(
  method: MethodSpec,
  tried: readonly CandidateReport[],
  options: SearchOptions,
): AsyncIterable<Steps> {
  if (method === 'auto') yield* auto(tried, options);
  else if (typeof method === 'string') yield* recipes[method];
  else yield Array.isArray(method) ? method : [method];
}

/** From what takes seconds to what is trained; each stage is told by what was measured where more care may pay. */
async function* auto(tried: readonly CandidateReport[], options: SearchOptions): AsyncIterable<Steps> {
  yield* quickForms;
  yield* moreCareful(tried, options);
  if (!options.hasSamples) return;
  if (!tried.some((candidate) => keeps(candidate) && hasStep(candidate, 'int8_static')))
    yield trainedForms.quantizationAware;
  yield* pruned(tried);
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
    if (step !== undefined && more.length === 0 && 'keep' in step) yield* keepingLayers(step, tried, options);
  }
}

async function* keepingLayers(
  step: Extract<StepSpec, { keep: unknown }>,
  tried: readonly CandidateReport[],
  { rankLayers }: SearchOptions,
): AsyncIterable<Steps> {
  const ranked = await rankLayers(step);
  for (let count = 1; count <= ranked.length / 2; count *= 2) {
    yield [{ ...step, keep: ranked.slice(0, count) }];
    const last = tried.at(-1);
    if (last !== undefined && keeps(last)) return;
  }
}

/** Half of the channels, else a quarter; and what is left of them in int8. */
async function* pruned(tried: readonly CandidateReport[]): AsyncIterable<Steps> {
  for (const steps of trainedForms.pruned) {
    yield steps;
    const last = tried.at(-1);
    if (last === undefined || !keeps(last)) continue;
    yield [...steps, staticInt8];
    return;
  }
}
