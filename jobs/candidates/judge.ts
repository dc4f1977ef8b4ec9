import { type ContractMetricName, contractMetric } from '../../shared/contracts/compression/contract-metrics';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import type { ModelMetrics } from '../evaluation/evaluate-model';
import { metricsOf } from '../evaluation/evaluate-model';
import {
  type DrawnMetric,
  drawMetric,
  type PairedInterval,
  pairedIntervals,
} from '../evaluation/paired-bootstrap';
import type { Ruler } from './ruler';
import { openRuler, type RulerOptions } from './rulers';

export interface JudgeOptions extends RulerOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** A candidate's metric, and how much worse it is than the original. */
export interface Judgement {
  readonly metric: PairedInterval;
  readonly drop: PairedInterval;
}

/** Compares what a candidate answers with what the original does, by the contract's metric. */
export interface Judge {
  /** That the search is told by, and that its winner is confirmed on; the same where there are too few for both. */
  readonly rows: { readonly searched: number; readonly confirmed: number; readonly leftOut: number };
  readonly original: PairedInterval;
  readonly judge: (answers: string) => Promise<Judgement>;
  /** On rows that no choice was made by; undefined where there are none. */
  readonly confirm: (answers: string) => Promise<Judgement | undefined>;
  /** Every metric of the answers in a folder, on all rows; undefined where no truth is known. */
  readonly metrics: (answers: string) => Promise<ModelMetrics | undefined>;
}

/** Enough that an interval's ends are steady to a tenth of its width. */
const resamples = 400;
const confidence = 0.95;

/** Of fewer rows, half would tell too little: the winner is then the best of many on the rows that it is told by. */
const fewestToHalve = 1_000;

/** Metrics that are a share of the rows. */
const shares: readonly ContractMetricName[] = ['accuracy', 'agreement', 'top_k_accuracy'];

function halves(rows: number): readonly [Uint32Array, Uint32Array | undefined] {
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  if (rows < fewestToHalve) return [all, undefined];
  return [all.filter((row) => row % 2 === 0), all.filter((row) => row % 2 === 1)];
}

const scaled = ({ value, low, high }: PairedInterval, factor: number): PairedInterval => ({
  value: value * factor,
  low: low * factor,
  high: high * factor,
});

interface Half {
  readonly judge: (answers: string) => Promise<Judgement>;
  readonly original: PairedInterval;
}

async function openHalf(ruler: Ruler, places: Uint32Array, options: JudgeOptions): Promise<Half> {
  const { metric, seed, signal, original } = options;
  const { higherIsBetter, relative = false } = contractMetric(metric);
  const rows = places.length;
  const drawing = { resamples, confidence, seed, signal };
  const measure = async (folder: string): Promise<DrawnMetric> => {
    const { metricsAt } = await ruler.read(folder);
    return drawMetric({ metricsOf: metricsAt(places), rows, metric: ruler.metric || metric }, drawing);
  };
  const before = await measure(original);
  if (!Number.isFinite(before.value))
    throw new BadSpecError(
      `the ${rows} rows that candidates are judged by cannot give the metric ${metric}: they may be all of one class; choose another metric, or give more rows`,
      [{ pointer: '/spec/contract/metric', detail: `${metric} is not defined on these rows` }],
    );
  const sharedRows = shares.includes(metric) ? { sharedRows: rows } : {};
  const compare = (after: DrawnMetric): Judgement => {
    const found = pairedIntervals({ before, after, higherIsBetter, confidence, ...sharedRows });
    return relative
      ? { ...found, drop: scaled(found.drop, 1 / Math.max(before.value, Number.MIN_VALUE)) }
      : found;
  };
  return {
    original: compare(before).metric,
    async judge(answers) {
      const judged = compare(await measure(answers));
      if (Number.isFinite(judged.drop.value)) return judged;
      throw new UnusableDataError(`its ${metric} is not a number on these rows`, 'not_a_number');
    },
  };
}

/** `BadSpecError` where the rows cannot give the metric: one class alone has no area under a curve. */
export async function openJudge(options: JudgeOptions): Promise<Judge> {
  const ruler = await openRuler(options);
  const [first, second] = halves(ruler.rows);
  const searched = await openHalf(ruler, first, options);
  const confirmed = second && (await openHalf(ruler, second, options));
  return {
    rows: { searched: first.length, confirmed: second?.length ?? 0, leftOut: ruler.leftOut },
    original: searched.original,
    judge: searched.judge,
    confirm: async (answers) => confirmed?.judge(answers),
    async metrics(answers) {
      const { predictions } = await ruler.read(answers);
      return predictions && metricsOf(predictions);
    },
  };
}
