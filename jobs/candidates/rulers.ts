import type { ContractMetricName } from '../../shared/contracts/compression/contract-metrics';
import type { ModelSignature } from '../../shared/contracts/model';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import type { Tensor } from '../../shared/onnx/ir';
import { weightedMetrics } from '../evaluation/bootstrap';
import { classValues, numberValues } from '../evaluation/collect-predictions';
import { mostProbable } from '../evaluation/metrics/predicted-classes';
import type { Predictions } from '../evaluation/predictions';
import { asProbabilities } from '../evaluation/scores-to-probabilities';
import { type Answers, readAnswers, readBatches } from './batch-folder';
import { fidelityRuler } from './fidelity';
import type { Ruler } from './ruler';

export interface RulerOptions {
  readonly signature: ModelSignature;
  readonly metric: ContractMetricName;
  /** A folder of batches, and one of what the original answered to them. */
  readonly judged: string;
  readonly original: string;
}

/** The ruler of a contract's metric. */
export async function openRuler(options: RulerOptions): Promise<Ruler> {
  const { signature, metric, judged, original } = options;
  const { sizes, labels } = await batchesIn(judged);
  if (metric === 'fidelity') return fidelityRuler(original, sizes);
  if (metric === 'agreement') return agreementRuler(options, sizes);
  const truth = labels.flatMap(numbersIn);
  if (signature.task === 'regression') return numberRuler(options, { sizes, truth });
  return classRuler(options, { sizes, truth });
}

async function batchesIn(folder: string): Promise<{ sizes: number[]; labels: Tensor[] }> {
  const sizes: number[] = [];
  const labels: Tensor[] = [];
  for await (const batch of readBatches(folder)) {
    sizes.push(batch.rows);
    if (batch.labels) labels.push(batch.labels);
  }
  return { sizes, labels };
}

function numbersIn({ data }: Tensor): number[] {
  const numbers: number[] = [];
  for (const value of data) numbers.push(Number(value));
  return numbers;
}

type Values = (answers: Answers, rows: number) => Float32Array;

/** The values of every batch, one behind the other. */
async function collected(folder: string, sizes: readonly number[], values: Values): Promise<Float32Array> {
  const pieces: Float32Array[] = [];
  for await (const answers of readAnswers(folder)) pieces.push(values(answers, sizes[pieces.length] ?? 0));
  const whole = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** A NaN would count as the first class, and be right wherever that is. */
function refuseNewNaN(given: Float32Array, original: Float32Array, width: number): void {
  const rows = new Set<number>();
  for (let at = 0; at < given.length; at++)
    if (!Number.isFinite(given[at]) && Number.isFinite(original[at])) rows.add(Math.floor(at / width));
  if (rows.size === 0 && given.length === original.length) return;
  throw new UnusableDataError(
    given.length === original.length
      ? `it answers ${rows.size} rows with NaN or infinity, where the original gives numbers`
      : `it gives ${given.length} numbers, where the original gives ${original.length}`,
    'not_a_number',
  );
}

interface Truth {
  readonly sizes: readonly number[];
  readonly truth: readonly number[];
}

function countedPlaces(truth: readonly number[], counts: (value: number) => boolean): Uint32Array {
  const places = Uint32Array.from(truth.keys()).filter((row) => counts(truth[row] ?? Number.NaN));
  if (places.length > 0) return places;
  throw new UnusableDataError(
    `none of the ${truth.length} rows to judge by has a truth that the model knows: its labels are other ones, or missing`,
    'other_labels',
  );
}

const noSlices = { slices: [], unseen: new Map<string, number>() };
const picked = <T extends Float32Array | Int32Array>(
  values: T,
  places: Uint32Array,
  width = 1,
): Float32Array => {
  const chosen = new Float32Array(places.length * width);
  places.forEach((row, index) => {
    chosen.set(values.subarray(row * width, (row + 1) * width), index * width);
  });
  return chosen;
};

async function numberRuler({ signature, original }: RulerOptions, { sizes, truth }: Truth): Promise<Ruler> {
  const counting = countedPlaces(truth, Number.isFinite);
  const actual = Float32Array.from(counting, (row) => truth[row] ?? Number.NaN);
  const values: Values = (answers, rows) => numberValues(signature, answers, rows);
  const reference = await collected(original, sizes, values);
  return {
    metric: '',
    rows: counting.length,
    leftOut: truth.length - counting.length,
    async read(folder) {
      const given = await collected(folder, sizes, values);
      refuseNewNaN(given, reference, 1);
      const all: Predictions = {
        task: 'regression',
        rows: counting.length,
        actual,
        predicted: picked(given, counting),
        ...noSlices,
      };
      const at = (places: Uint32Array): Predictions => ({
        ...all,
        rows: places.length,
        actual: picked(all.actual, places),
        predicted: picked(all.predicted, places),
      });
      return { predictions: all, metricsAt: (places) => weightedMetrics(at(places), {}) };
    },
  };
}

interface Classes {
  readonly names: readonly string[];
  /** By row: the class's index, or -1. */
  readonly actual: readonly number[];
  readonly values: Values;
}

async function classesRuler(
  original: string,
  sizes: readonly number[],
  { names, actual, values }: Classes,
): Promise<Ruler> {
  const counting = countedPlaces(actual, (label) => label >= 0);
  const width = names.length;
  const own = Int32Array.from(counting, (row) => actual[row] ?? -1);
  const reference = await collected(original, sizes, values);
  // what the original gives decides for all: one row that does not sum to 1 is a candidate's own fault
  const { fromScores } = asProbabilities(picked(reference, counting, width), width);
  return {
    metric: '',
    rows: counting.length,
    leftOut: actual.length - counting.length,
    async read(folder) {
      const given = await collected(folder, sizes, values);
      refuseNewNaN(given, reference, width);
      const { probabilities } = asProbabilities(picked(given, counting, width), width, fromScores);
      const shape = { task: 'classification', classes: width, names, fromScores, ...noSlices } as const;
      const all: Predictions = { ...shape, rows: counting.length, actual: own, probabilities };
      const at = (places: Uint32Array): Predictions => ({
        ...all,
        rows: places.length,
        actual: Int32Array.from(places, (row) => own[row] ?? -1),
        probabilities: picked(probabilities, places, width),
      });
      return { predictions: all, metricsAt: (places) => weightedMetrics(at(places), {}) };
    },
  };
}

function classRuler({ signature, original }: RulerOptions, { sizes, truth }: Truth): Promise<Ruler> {
  const names = (signature.classes ?? []).map(String);
  const values: Values = (answers, rows) => classValues(signature, answers, { rows, classes: names.length });
  return classesRuler(original, sizes, { names, actual: truth, values });
}

/** The classes that the original gives are the truth. */
async function agreementRuler(
  { signature, original }: RulerOptions,
  sizes: readonly number[],
): Promise<Ruler> {
  const [first] = await firstOf(readAnswers(original));
  const classes = signature.classes?.length ?? widthOf(first, sizes[0] ?? 0);
  const named = namedOutputs(signature, first ?? {});
  const values: Values = (answers, rows) => classValues(named, answers, { rows, classes });
  const names = Array.from({ length: classes }, (_, index) => String(signature.classes?.[index] ?? index));
  const actual = [...mostProbable(await collected(original, sizes, values), classes)];
  const ruler = await classesRuler(original, sizes, { names, actual, values });
  return {
    ...ruler,
    metric: 'accuracy',
    read: async (folder) => ({ metricsAt: (await ruler.read(folder)).metricsAt }),
  };
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  for await (const item of items) return [item];
  return [];
}

/** An imported model may have a signature without classes: the first output of several numbers a row has them. */
function widthOf(answers: Answers = {}, rows: number): number {
  const sizes = Object.values(answers).map(({ data }) => data.length / Math.max(1, rows));
  const width = sizes.find((size) => Number.isInteger(size) && size > 1);
  if (width !== undefined) return width;
  throw new BadSpecError(
    'the metric agreement compares classes, and the model has no output of several numbers a row; choose fidelity',
    [{ pointer: '/spec/contract/metric', detail: 'the model has no output of several numbers a row' }],
  );
}

const namedOutputs = (signature: ModelSignature, answers: Answers): ModelSignature => ({
  ...signature,
  outputs: Object.keys(answers).map((name) => ({ name, type: 'number', element_type: 'float', shape: [] })),
});
