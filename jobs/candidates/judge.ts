import { type ContractMetricName, contractMetric } from '../../shared/contracts/compression/contract-metrics';
import type { ModelSignature } from '../../shared/contracts/model';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import { fromFloat16 } from '../../shared/onnx/half';
import type { Tensor } from '../../shared/onnx/ir';
import { classValues, numberValues } from '../evaluation/collect-predictions';
import { type ModelMetrics, metricsOf } from '../evaluation/evaluate-model';
import {
  type DrawnMetric,
  drawMetric,
  type PairedInterval,
  pairedIntervals,
} from '../evaluation/paired-bootstrap';
import type { Predictions } from '../evaluation/predictions';
import { asProbabilities } from '../evaluation/scores-to-probabilities';
import { type Answers, readAnswers, readBatches } from './batch-folder';

export interface JudgeOptions {
  readonly signature: ModelSignature;
  readonly metric: ContractMetricName;
  /** A folder of batches, and one of what the original answered to them. */
  readonly judged: string;
  readonly original: string;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Compares what a candidate answers with what the original does, by the contract's metric. */
export interface Judge {
  /** Rows that count: those without a truth, or of a class that the model does not know, do not. */
  readonly rows: number;
  readonly original: PairedInterval;
  readonly judge: (answers: string) => Promise<{ metric: PairedInterval; drop: PairedInterval }>;
  /** Every metric of the answers in a folder. */
  readonly metrics: (answers: string) => Promise<ModelMetrics>;
}

/** Enough that an interval's ends are steady to a tenth of its width. */
const resamples = 400;
const confidence = 0.95;

/** `BadSpecError` where the rows cannot give the metric: one class alone has no area under a curve. */
export async function openJudge(options: JudgeOptions): Promise<Judge> {
  const { metric, seed, signal } = options;
  const { higherIsBetter } = contractMetric(metric);
  const truth = await truthOf(options);
  const measure = async (folder: string): Promise<DrawnMetric> => {
    const predictions = predicted(truth, await collected(folder, truth));
    return drawMetric(predictions, truth.metric, { resamples, confidence, seed, signal });
  };
  const before = await measure(options.original);
  if (!Number.isFinite(before.value))
    throw new BadSpecError(
      `the ${truth.rows} rows that candidates are judged by cannot give the metric ${metric}: they may be all of one class; choose another metric, or give more rows`,
      [{ pointer: '/contract/metric', detail: `${metric} is not defined on these rows` }],
    );
  const compare = (after: DrawnMetric) => pairedIntervals({ before, after, higherIsBetter, confidence });
  return {
    rows: truth.rows,
    original: compare(before).metric,
    judge: async (answers) => compare(await measure(answers)),
    metrics: async (answers) => metricsOf(predicted(truth, await collected(answers, truth))),
  };
}

type Values = (answers: Answers, rows: number) => Float32Array;

interface Truth {
  /** Of an evaluation. */
  readonly metric: string;
  readonly rows: number;
  readonly batches: readonly number[];
  readonly values: Values;
  /** Which rows count. */
  readonly counts: Uint8Array;
  readonly classes?: { readonly names: readonly string[]; readonly actual: Int32Array };
  readonly numbers?: Float32Array;
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

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function truthOf(options: JudgeOptions): Promise<Truth> {
  const { signature, metric, judged } = options;
  const { sizes, labels } = await batchesIn(judged);
  const given = { metric: metric as string, batches: sizes };
  if (metric === 'agreement') return agreementWith(options, sizes);
  if (metric === 'fidelity') return fidelityWith(options, sizes);
  const rows = sum(sizes);
  if (signature.task === 'regression') {
    const numbers = Float32Array.from(labels.flatMap(numbersIn));
    const counts = Uint8Array.from(numbers, (value) => Number(Number.isFinite(value)));
    return counted({
      ...given,
      rows,
      counts,
      numbers,
      values: (answers, count) => numberValues(signature, answers, count),
    });
  }
  const actual = Int32Array.from(labels.flatMap(numbersIn));
  const names = (signature.classes ?? []).map(String);
  const values: Values = (answers, count) =>
    classValues(signature, answers, { rows: count, classes: names.length });
  const counts = Uint8Array.from(actual, (label) => Number(label >= 0));
  return counted({ ...given, rows, counts, classes: { names, actual }, values });
}

function counted(truth: Truth): Truth {
  const rows = sum([...truth.counts]);
  if (rows > 0) return { ...truth, rows };
  throw new UnusableDataError(
    `none of the ${truth.rows} rows to judge by has a truth that the model knows: its labels are other ones, or missing`,
    'other_labels',
  );
}

const everyRow = (rows: number): Uint8Array => new Uint8Array(rows).fill(1);

/** The classes that the original gives are the truth. */
async function agreementWith({ signature, original }: JudgeOptions, batches: number[]): Promise<Truth> {
  const rows = sum(batches);
  const [first] = await firstOf(readAnswers(original));
  const classes = signature.classes?.length ?? widthOf(first, batches[0] ?? 0);
  const values: Values = (answers, count) =>
    classValues(namedOutputs(signature, answers), answers, { rows: count, classes });
  const names = Array.from({ length: classes }, (_, index) => String(signature.classes?.[index] ?? index));
  const shape = { metric: 'accuracy', rows, batches, values, counts: everyRow(rows) };
  const given = await collected(original, shape);
  const actual = Int32Array.from({ length: rows }, (_, row) => largestOf(given, row * classes, classes));
  return { ...shape, classes: { names, actual } };
}

function largestOf(values: Float32Array, from: number, count: number): number {
  let best = 0;
  for (let at = 1; at < count; at++)
    if ((values[from + at] ?? Number.NaN) > (values[from + best] ?? Number.NaN)) best = at;
  return best;
}

/** Every number that the original gives is the truth. */
async function fidelityWith({ original }: JudgeOptions, batches: number[]): Promise<Truth> {
  const values: Values = (answers) =>
    Float32Array.from(Object.values(answers).flatMap((tensor) => [...floatsOf(tensor)]));
  const pieces: Float32Array[] = [];
  for await (const answers of readAnswers(original)) pieces.push(values(answers, 0));
  const numbers = Float32Array.from(pieces.flatMap((piece) => [...piece]));
  return { metric: 'r2', rows: numbers.length, batches, values, counts: everyRow(numbers.length), numbers };
}

function floatsOf({ elementType, dims, data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (elementType === 'float16' && data instanceof Uint16Array)
    return Float32Array.from(data, (half) => fromFloat16(half));
  return Float32Array.from(numbersIn({ elementType, dims, data }));
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
    [{ pointer: '/contract/metric', detail: 'the model has no output of several numbers a row' }],
  );
}

const namedOutputs = (signature: ModelSignature, answers: Answers): ModelSignature => ({
  ...signature,
  outputs: Object.keys(answers).map((name) => ({ name, type: 'number', element_type: 'float', shape: [] })),
});

/** The values of every batch, one behind the other. */
async function collected(
  folder: string,
  { batches, values }: Pick<Truth, 'batches' | 'values'>,
): Promise<Float32Array> {
  const pieces: Float32Array[] = [];
  for await (const answers of readAnswers(folder)) pieces.push(values(answers, batches[pieces.length] ?? 0));
  const whole = new Float32Array(sum(pieces.map(({ length }) => length)));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function predicted({ counts, classes, numbers }: Truth, given: Float32Array): Predictions {
  const kept = { slices: [], unseen: new Map<string, number>() };
  const places = Uint32Array.from(counts.keys()).filter((row) => counts[row] === 1);
  const rows = places.length;
  if (classes === undefined) {
    const at = (values: Float32Array | undefined) =>
      Float32Array.from(places, (row) => values?.[row] ?? Number.NaN);
    return { task: 'regression', rows, actual: at(numbers), predicted: at(given), ...kept };
  }
  const width = classes.names.length;
  const chosen = new Float32Array(rows * width);
  places.forEach((row, index) => {
    chosen.set(given.subarray(row * width, (row + 1) * width), index * width);
  });
  const actual = Int32Array.from(places, (row) => classes.actual[row] ?? -1);
  const { probabilities, fromScores } = asProbabilities(chosen, width);
  return {
    task: 'classification',
    rows,
    classes: width,
    names: classes.names,
    actual,
    probabilities,
    fromScores,
    ...kept,
  };
}
