import type { ModelSignature } from '../../shared/contracts/model';
import { checkTeacher } from '../../shared/datasets/check-teacher';
import { floats } from '../../shared/onnx/build';
import type { Tensor } from '../../shared/onnx/ir';
import type { ModelSession } from '../../shared/ports/model-runtime';
import type { RowChunk } from '../datasets/read-rows';
import { classValues } from '../evaluation/collect-predictions';
import { classNames } from '../evaluation/predictions';
import { joined, runRows } from '../evaluation/run-rows';
import { asProbabilities } from '../evaluation/scores-to-probabilities';
import type { InputModel } from '../models/read-input-model';

/** A model that another one learns from. */
export interface Teacher {
  /** Columns that it reads. */
  readonly columns: readonly string[];
  /** Logarithms of its probabilities, `[rows, classes]`, in the order of the classes that are learned. */
  logProbabilities(chunk: RowChunk): Promise<Float32Array>;
}

export interface TeacherRequest {
  readonly file: InputModel;
  /** Of the target, as text. */
  readonly classes: readonly string[];
  /** Names of the columns that there are. */
  readonly columns: readonly string[];
  readonly load: (bytes: Uint8Array) => Promise<Pick<ModelSession, 'inputs' | 'run'>>;
}

/** Below it a probability is as good as none; its logarithm stays a number. */
const smallest = 1e-30;

/** Logarithms of a classifier's probabilities, `[rows, classes]`, in the order of its own classes, and whether it gave scores. */
export function logProbabilitiesOf(
  signature: ModelSignature,
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
): { readonly logarithms: Float32Array; readonly fromScores: boolean } {
  const classes = classNames(signature).length;
  const given = classValues(signature, outputs, { rows, classes });
  const { probabilities, fromScores } = asProbabilities(given, classes);
  const logarithms = probabilities.map((probability) => Math.log(Math.max(smallest, probability)));
  return { logarithms, fromScores };
}

/** Opens a teacher. `BadSpecError` where it is no classifier, tells other classes apart, or reads other columns. */
export async function openTeacher(request: TeacherRequest): Promise<Teacher> {
  const signature = checkTeacher(request.file, request);
  const session = await request.load(request.file.bytes);
  const own = classNames(signature);
  const order = request.classes.map((name) => own.indexOf(name));
  return {
    columns: signature.inputs.map(({ name }) => name),
    async logProbabilities(chunk) {
      const parts: Float32Array[] = [];
      for await (const { rows, outputs } of runRows(session, signature, chunk))
        parts.push(logProbabilitiesOf(signature, outputs, rows).logarithms);
      const logarithms = joined(parts);
      return Float32Array.from(logarithms, (_, at) => {
        const row = Math.floor(at / own.length) * own.length;
        return logarithms[row + (order[at - row] ?? 0)] ?? 0;
      });
    },
  };
}

/** What a student is held against: each row's class index, and behind it what the teacher says, `[rows, 1 + classes]`. */
export function withTeacher(labels: Tensor, logProbabilities: Float32Array): Tensor {
  const rows = labels.dims[0] ?? 0;
  const classes = logProbabilities.length / Math.max(1, rows);
  const targets = new Float32Array(rows * (1 + classes));
  for (let row = 0; row < rows; row++) {
    targets[row * (1 + classes)] = Number(labels.data[row]);
    targets.set(logProbabilities.subarray(row * classes, (row + 1) * classes), row * (1 + classes) + 1);
  }
  return floats([rows, 1 + classes], targets);
}
