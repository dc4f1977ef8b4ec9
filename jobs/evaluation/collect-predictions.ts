import type { ModelSignature } from '../../shared/contracts/model';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { fromFloat16 } from '../../shared/onnx/half';
import type { Tensor } from '../../shared/onnx/ir';
import type { ColumnValues } from '../datasets/column-values';
import type { RowChunk } from '../datasets/read-rows';
import { classNames, others, type Predictions } from './predictions';
import { alone, asProbabilities } from './scores-to-probabilities';

type Outputs = Readonly<Record<string, Tensor>>;

/** A batch of rows, the truth of each, and what the model said of them. */
interface Answered {
  readonly chunk: RowChunk;
  readonly actual: ColumnValues | undefined;
  readonly outputs: Outputs;
  /** For each slicer the slice of each row. */
  readonly slices: readonly (readonly number[])[];
}

/** Takes batch after batch; what it keeps is a few bytes a row and class. */
export interface Collector {
  add(answered: Answered): void;
  predictions(): Predictions;
}

export interface Capacity {
  /** At most so many rows will come. */
  readonly rows: number;
  readonly slicers: number;
}

const slicesFor = ({ rows, slicers }: Capacity) =>
  Array.from({ length: slicers }, () => new Int32Array(rows));

/** Beyond this, probabilities would take more memory than a job has by default. */
const mostProbabilities = 2 ** 28;

/** Rows whose class the model was never told of are counted by their label: no answer of it could be right. */
export function classCollector(signature: ModelSignature, capacity: Capacity): Collector {
  const names = classNames(signature);
  const classes = names.length;
  refuseTooMany(capacity.rows, classes);
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const actual = new Int32Array(capacity.rows);
  const given = new Float32Array(capacity.rows * classes);
  const slices = slicesFor(capacity);
  const unseen = new Map<string, number>();
  let rows = 0;
  return {
    add({ chunk, actual: labels, outputs, slices: sliced }) {
      const values = classValues(signature, outputs, { rows: chunk.rows, classes });
      for (let row = 0; row < chunk.rows; row++) {
        const label = Array.isArray(labels) ? (labels[row] ?? '') : '';
        const index = indexOf.get(label);
        if (index === undefined) {
          countLabel(unseen, label);
          continue;
        }
        actual[rows] = index;
        given.set(values.subarray(row * classes, (row + 1) * classes), rows * classes);
        for (const [at, column] of slices.entries()) column[rows] = sliced[at]?.[row] ?? -1;
        rows++;
      }
    },
    predictions() {
      const { probabilities, fromScores } = asProbabilities(given.subarray(0, rows * classes), classes);
      const kept = { rows, classes, names, unseen, actual: actual.subarray(0, rows) };
      return {
        task: 'classification',
        ...kept,
        probabilities,
        fromScores,
        slices: slices.map((column) => column.subarray(0, rows)),
      };
    },
  };
}

/** So many labels are counted one by one; the rest together, by `others`. */
const mostUnseen = 1_000;

function countLabel(unseen: Map<string, number>, label: string): void {
  const name = unseen.has(label) || unseen.size < mostUnseen ? label : others;
  unseen.set(name, (unseen.get(name) ?? 0) + 1);
}

function refuseTooMany(rows: number, classes: number): void {
  if (rows * classes <= mostProbabilities) return;
  throw new UnusableDataError(
    `${rows} rows of ${classes} classes are too many to measure at once: at most ${Math.floor(mostProbabilities / classes)} rows; give a sample of them`,
    'too_many_rows',
  );
}

/** Numbers against numbers. */
export function numberCollector(signature: ModelSignature, capacity: Capacity): Collector {
  const actual = new Float32Array(capacity.rows);
  const predicted = new Float32Array(capacity.rows);
  const slices = slicesFor(capacity);
  let rows = 0;
  return {
    add({ chunk, actual: values, outputs, slices: sliced }) {
      if (!(values instanceof Float32Array)) throw new UnusableDataError('the target is not a number');
      actual.set(values, rows);
      predicted.set(numberValues(signature, outputs, chunk.rows), rows);
      for (const [at, column] of slices.entries()) column.set(sliced[at] ?? [], rows);
      rows += chunk.rows;
    },
    predictions: () => ({
      task: 'regression',
      rows,
      actual: actual.subarray(0, rows),
      predicted: predicted.subarray(0, rows),
      slices: slices.map((column) => column.subarray(0, rows)),
      unseen: new Map(),
    }),
  };
}

interface Asked {
  readonly rows: number;
  readonly classes: number;
}

/** `[rows, classes]`; of two classes, an output of one number a row speaks for the second. */
export function classValues(
  signature: ModelSignature,
  outputs: Outputs,
  { rows, classes }: Asked,
): Float32Array {
  const found = floatsOf(signature, outputs);
  const whole = found.find(({ length }) => length === rows * classes);
  if (whole !== undefined) return whole;
  const second = classes === 2 ? found.find(({ length }) => length === rows) : undefined;
  if (second === undefined) throw noOutput(`${classes} numbers a row, one for each class`);
  return Float32Array.from({ length: rows * 2 }, (_, at) =>
    at % 2 === 1 ? (second[at >> 1] ?? Number.NaN) : alone,
  );
}

/** `[rows]`. */
export function numberValues(signature: ModelSignature, outputs: Outputs, rows: number): Float32Array {
  const values = floatsOf(signature, outputs).find(({ length }) => length === rows);
  if (values === undefined) throw noOutput('one number a row');
  return values;
}

const noOutput = (wanted: string): UnusableDataError =>
  new UnusableDataError(
    `the model has no output of ${wanted} that it could be measured by; give it a signature whose outputs have it, of float, double or float16`,
  );

const floatsOf = ({ outputs: fields }: ModelSignature, outputs: Outputs): Float32Array[] =>
  fields.flatMap(({ name }) => asFloats(outputs[name]) ?? []);

function asFloats(tensor: Tensor | undefined): Float32Array | undefined {
  if (tensor === undefined) return undefined;
  const { elementType, data } = tensor;
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  return elementType === 'float16' && data instanceof Uint16Array
    ? Float32Array.from(data, (half) => fromFloat16(half))
    : undefined;
}
