import type { ModelSignature } from '../../../shared/contracts/model';
import type { Tensor } from '../../../shared/onnx/ir';
import { writeModel } from '../../../shared/onnx/write-model';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import { type RowChunk, readRows } from '../../datasets/read-rows';
import type { SplitTable } from '../../datasets/split-table';
import { numberValues } from '../../evaluation/collect-predictions';
import { joined, runRows } from '../../evaluation/run-rows';
import type { TargetEncoding } from '../../training/target-encoding';
import { logProbabilitiesOf } from '../../training/teacher';
import { teacherTensors } from './teacher-tensors';

export interface TutorRequest {
  readonly bytes: Uint8Array;
  readonly signature: ModelSignature;
  /** Names of tensors of its inside that are learned from, too. */
  readonly tensors: readonly string[];
  readonly load: (bytes: Uint8Array) => Promise<Pick<ModelSession, 'inputs' | 'run'>>;
}

/** What a teacher says of some rows. */
export interface Lecture {
  /** Logarithms of probabilities in the order of its classes, `[rows, classes]`, or numbers in the target's unit, `[rows]`. */
  readonly answers: Float32Array;
  /** They were scores, and no probabilities. */
  readonly fromScores: boolean;
  /** Of its inside, in the order in which they were asked for. */
  readonly tensors: readonly Float32Array[];
}

/** A model that another one learns from. */
export interface Tutor {
  /** That it reads. */
  readonly columns: readonly string[];
  /** Sizes of a row of each tensor. */
  readonly tensorDims: readonly (readonly number[])[];
  teach(chunk: RowChunk): Promise<Lecture>;
}

const isFloats = (data: unknown): data is Float32Array => data instanceof Float32Array;

type Answers = (
  signature: ModelSignature,
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
) => Omit<Lecture, 'tensors'>;

const numbersOf: Answers = (...given) => ({ answers: numberValues(...given), fromScores: false });

const classesOf: Answers = (...given) => {
  const { logarithms: answers, fromScores } = logProbabilitiesOf(...given);
  return { answers, fromScores };
};

/** Opens a teacher of classes or of numbers. `BadSpecError` where it has no tensor of a name. */
export async function openTutor({ bytes, signature, tensors: wanted, load }: TutorRequest): Promise<Tutor> {
  const opened = wanted.length === 0 ? undefined : teacherTensors(bytes, signature, wanted);
  const session = await load(opened === undefined ? bytes : writeModel(opened.model));
  const tensors = opened?.tensors ?? [];
  const answersOf = signature.task === 'regression' ? numbersOf : classesOf;
  return {
    columns: signature.inputs.map(({ name }) => name),
    tensorDims: tensors.map(({ dims }) => dims),
    async teach(chunk) {
      const parts: Lecture[] = [];
      for await (const { rows, outputs } of runRows(session, signature, chunk))
        parts.push({
          ...answersOf(signature, outputs, rows),
          tensors: tensors.flatMap(({ output }) => [outputs[output]?.data].filter(isFloats)),
        });
      return {
        answers: joined(parts.map(({ answers }) => answers)),
        fromScores: parts.some(({ fromScores }) => fromScores),
        tensors: tensors.map((_, index) => joined(parts.flatMap((part) => part.tensors[index] ?? []))),
      };
    },
  };
}

/** Enough to know a mean and a deviation by. */
const lookedAt = 4_096;
const chunkRows = 256;

/** What is known of a teacher's answers before they are learned. */
export interface Syllabus {
  readonly encoding: TargetEncoding;
  /** Of the numbers of each tensor. */
  readonly variances: readonly number[];
  /** It answers with scores, and not with probabilities. */
  readonly givesScores: boolean;
}

/** Mean and variance of numbers that come in parts. */
class Moments {
  private count = 0;
  private sum = 0;
  private squares = 0;

  add(values: Float32Array): void {
    for (const value of values) {
      this.count++;
      this.sum += value;
      this.squares += value * value;
    }
  }

  get mean(): number {
    return this.sum / Math.max(1, this.count);
  }

  /** 1 where all are the same: there is nothing to measure by. */
  get variance(): number {
    const variance = this.squares / Math.max(1, this.count) - this.mean ** 2;
    return variance > 1e-12 ? variance : 1;
  }
}

/** Asks a teacher of some rows, drawn by the seed, what its numbers are like. */
export async function lookAtLessons(
  tutor: Tutor,
  {
    rows,
    signature,
    seed,
  }: { readonly rows: SplitTable; readonly signature: ModelSignature; readonly seed: number },
): Promise<Syllabus> {
  const answers = new Moments();
  const tensors = tutor.tensorDims.map(() => new Moments());
  let givesScores = false;
  let left = lookedAt;
  const options = { part: 'train', columns: tutor.columns, chunkRows, shuffle: { seed, epoch: 0 } } as const;
  for await (const chunk of readRows(rows, options)) {
    const lecture = await tutor.teach(chunk);
    answers.add(lecture.answers);
    givesScores ||= lecture.fromScores;
    for (const [index, moments] of tensors.entries())
      moments.add(lecture.tensors[index] ?? new Float32Array());
    left -= chunk.rows;
    if (left <= 0) break;
  }
  const { classes = [] } = signature;
  return {
    encoding:
      signature.task === 'regression'
        ? { task: 'regression', mean: answers.mean, standardDeviation: Math.sqrt(answers.variance) }
        : { task: 'classification', classes },
    variances: tensors.map(({ variance }) => variance),
    givesScores,
  };
}
