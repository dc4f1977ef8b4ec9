import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { InterruptedError, UnusableDataError } from '../../../shared/errors/job-errors';
import { tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { placeRows, type RowType, rowBytes, rowLength, zeroRows } from '../../training/row-type';
import type { SampleBatch } from '../samples';
import type { Workbench } from '../workbench';

/** Rows that are trained on again and again, run through what stays as it is and through the teacher once. */
export interface KeptRows {
  readonly rows: number;
  /** `[rows, …]` */
  readonly features: Tensor;
  /** `[rows, 1 + numbers]`: the label, and what the teacher answers. */
  readonly targets: Tensor;
}

export interface KeptRowsRequest {
  readonly bench: Pick<Workbench, 'samples' | 'sampleRows' | 'memoryBytes' | 'signal' | 'log'>;
  /** Of one row. */
  readonly features: RowType;
  readonly targets: RowType;
  /** What the trained part of the student reads of these rows. */
  readonly featuresOf: (batch: SampleBatch) => Promise<Tensor>;
  /** `[rows, numbers]` */
  readonly answersOf: (batch: SampleBatch) => Promise<Tensor>;
}

/** Kept rows may take this part of what the job may use. */
const rowShare = 1 / 4;

function mostRowsOf({ bench, features, targets }: KeptRowsRequest): number {
  const fitting = Math.floor((rowShare * bench.memoryBytes) / (rowBytes(features) + rowBytes(targets)));
  if (fitting === 0)
    throw new UnsuitableModelError(
      `one row takes ${rowBytes(features) + rowBytes(targets)} bytes where training begins, more than a quarter of the ${bench.memoryBytes} that the job may use; ask for more by resources.memory_mib`,
    );
  if (fitting < bench.sampleRows)
    bench.log(
      'warn',
      `${fitting} of the ${bench.sampleRows} rows are learned from: more take too much memory`,
    );
  return Math.min(fitting, bench.sampleRows);
}

/** Label and answers of these rows, as a target has them, at the place of the first one. */
function placeTargets(batch: SampleBatch, answers: Tensor, { data, at, length }: Place): void {
  for (let row = 0; row < batch.rows; row++) {
    const label = batch.labels?.data[row];
    data[(at + row) * length] = label === undefined ? Number.NaN : Number(label);
  }
  for (const [place, answer] of Array.from(answers.data, Number).entries()) {
    const row = Math.floor(place / (length - 1));
    data[(at + row) * length + 1 + (place % (length - 1))] = answer;
    if (!Number.isFinite(answer))
      throw new UnusableDataError(
        `the model to learn from answers row ${at + row + 1} of the samples with ${answer}`,
        'teacher_answer',
      );
  }
}

interface Place {
  readonly data: Float32Array;
  readonly at: number;
  readonly length: number;
}

const firstRows = ({ elementType, dims, data }: Tensor, rows: number): Tensor => {
  const length = dims.slice(1).reduce((product, size) => product * size, 1);
  return tensor(elementType, [rows, ...dims.slice(1)], data.slice(0, rows * length));
};

/** As many of the bench's rows as a quarter of the memory holds. `UnusableDataError` where there are none. */
export async function keptRows(request: KeptRowsRequest): Promise<KeptRows> {
  const { bench, featuresOf, answersOf } = request;
  const mostRows = mostRowsOf(request);
  const features = zeroRows(request.features, mostRows);
  const data = new Float32Array(mostRows * rowLength(request.targets));
  let rows = 0;
  for await (const batch of bench.samples?.({ mostRows }) ?? []) {
    if (bench.signal.aborted) throw new InterruptedError(String(bench.signal.reason));
    placeRows(await featuresOf(batch), features, rows);
    placeTargets(batch, await answersOf(batch), { data, at: rows, length: rowLength(request.targets) });
    rows += batch.rows;
  }
  if (rows === 0)
    throw new UnusableDataError('there are no rows to train on: give a data set', 'no_rows_to_learn_from');
  const targets = tensor('float', [mostRows, ...request.targets.dims], data);
  if (rows === mostRows) return { rows, features, targets };
  return { rows, features: firstRows(features, rows), targets: firstRows(targets, rows) };
}
