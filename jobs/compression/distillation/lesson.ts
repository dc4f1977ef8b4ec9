import type { StepOf } from '../../../shared/contracts/compression/step-spec';
import { tensor } from '../../../shared/onnx/build';
import type { ColumnValues } from '../../datasets/column-values';
import type { RowChunk } from '../../datasets/read-rows';
import type { Lesson } from '../../training/open-targets';
import { outputCount, type TargetEncoding } from '../../training/target-encoding';
import { type ComparedAnswer, likeness } from '../retraining/likeness';
import type { Match } from './match-tensors';
import type { Lecture, Syllabus, Tutor } from './tutor';

export interface LessonRequest {
  readonly step: Pick<StepOf<'distill'>, 'temperature' | 'label_fraction' | 'features'>;
  readonly tutor: Tutor;
  readonly syllabus: Syllabus;
  readonly matches: readonly Match[];
  /** The column with the truth; absent where there is none, or nobody asks for it. */
  readonly target?: string;
}

function comparedAnswers({ step, syllabus, matches }: LessonRequest): readonly ComparedAnswer[] {
  const { encoding, variances } = syllabus;
  const kind = encoding.task === 'regression' ? 'numbers' : 'classes';
  const answer: ComparedAnswer = { kind, dims: [outputCount(encoding)], axis: 1, variance: 1 };
  const tensors = matches.map(({ length }, index): ComparedAnswer => {
    const variance = (variances[index] ?? 1) / (step.features[index]?.weight ?? 1);
    return { kind: 'numbers', dims: [length], axis: 1, variance };
  });
  return [answer, ...tensors];
}

/** Each row's label as the student learns it: not a number where it has none. */
function labelReader(encoding: TargetEncoding): (values: ColumnValues | undefined, row: number) => number {
  if (encoding.task === 'regression') {
    const { mean, standardDeviation } = encoding;
    return (values, row) =>
      values instanceof Float32Array ? ((values[row] ?? Number.NaN) - mean) / standardDeviation : Number.NaN;
  }
  const indices = new Map(encoding.classes.map((name, index) => [String(name), index]));
  return (values, row) =>
    (Array.isArray(values) ? indices.get(String(values[row])) : undefined) ?? Number.NaN;
}

/** Numbers as the student gives them: standardised. */
function asLearned(answers: Float32Array, encoding: TargetEncoding): Float32Array {
  if (encoding.task !== 'regression') return answers;
  const { mean, standardDeviation } = encoding;
  return answers.map((value) => (value - mean) / standardDeviation);
}

/** Tables of `[rows, numbers]` beside each other. */
function besideEachOther(rows: number, tables: readonly Float32Array[]): Float32Array {
  const widths = tables.map(({ length }) => length / rows);
  const width = widths.reduce((sum, each) => sum + each, 0);
  const joined = new Float32Array(rows * width);
  let from = 0;
  for (const [index, table] of tables.entries()) {
    const own = widths[index] ?? 0;
    for (let row = 0; row < rows; row++)
      joined.set(table.subarray(row * own, (row + 1) * own), row * width + from);
    from += own;
  }
  return joined;
}

/** What a student learns of a teacher: its answers, tensors of its inside, and the labels as far as they are asked for. */
export function lessonOf(request: LessonRequest): Lesson {
  const { step, tutor, syllabus, matches, target } = request;
  const loss = likeness({
    answers: comparedAnswers(request),
    temperature: step.temperature,
    labelFraction: target === undefined ? 0 : step.label_fraction,
    labelled: 0,
  });
  const labelOf = labelReader(syllabus.encoding);
  const tablesOf = (chunk: RowChunk, { answers, tensors }: Lecture): Float32Array[] => {
    const labels = target === undefined ? undefined : chunk.columns[target];
    return [
      Float32Array.from({ length: chunk.rows }, (_, row) => labelOf(labels, row)),
      asLearned(answers, syllabus.encoding),
      ...tensors.map((values, index) => matches[index]?.taught(values) ?? values),
    ];
  };
  return {
    loss,
    openTargets: async () => ({
      columns: target === undefined ? tutor.columns : [...tutor.columns, target],
      encode: async (chunk) => {
        const joined = besideEachOther(chunk.rows, tablesOf(chunk, await tutor.teach(chunk)));
        return tensor('float', [chunk.rows, ...loss.targets.dims], joined);
      },
    }),
  };
}
