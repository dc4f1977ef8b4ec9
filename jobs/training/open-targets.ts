import type { TrainSpec } from '../../shared/contracts/kinds/train';
import type { Tensor } from '../../shared/onnx/ir';
import type { RowChunk } from '../datasets/read-rows';
import type { SplitTable } from '../datasets/split-table';
import type { JobContext } from '../kinds/job-kind';
import { readInputModel } from '../models/read-input-model';
import type { Loss } from './losses/loss';
import type { Prepared } from './prepare';
import { type TargetEncoding, targetEncoder } from './target-encoding';
import { openTeacher, type Teacher, type TeacherRequest, withTeacher } from './teacher';

/** Where each row's target comes from. */
export interface Targets {
  /** Columns that they are made of. */
  readonly columns: readonly string[];
  /** As the loss reads them: `[rows, …]`. */
  readonly encode: (chunk: RowChunk) => Tensor | Promise<Tensor>;
}

export interface TargetsRequest extends Pick<TeacherRequest, 'load'> {
  readonly spec: Pick<TrainSpec, 'loss'>;
  readonly split: SplitTable;
  readonly prepared: Pick<Prepared, 'encoding' | 'target'>;
  readonly context: Pick<JobContext, 'inputs' | 'models' | 'log'>;
}

/** What is learned where it is not a target column alone, and against what loss. */
export interface Lesson {
  readonly loss: Loss;
  readonly openTargets: (load: TeacherRequest['load']) => Promise<Targets>;
}

/** The target column, and what a teacher says of each row where the loss asks for one. */
export async function openTargets(request: TargetsRequest): Promise<Targets> {
  const { target, encoding } = request.prepared;
  const encodeLabels = targetEncoder(encoding);
  const ofColumn = (chunk: RowChunk) => encodeLabels(chunk.columns[target] ?? [], chunk.rowNumbers);
  const teacher = await teacherOf(request, encoding);
  if (teacher === undefined) return { columns: [target], encode: ofColumn };
  return {
    columns: [target, ...teacher.columns],
    encode: async (chunk) => withTeacher(ofColumn(chunk), await teacher.logProbabilities(chunk)),
  };
}

async function teacherOf(
  { spec, split, context, load }: TargetsRequest,
  encoding: TargetEncoding,
): Promise<Teacher | undefined> {
  if (spec.loss?.name !== 'kl_divergence' || encoding.task === 'regression') return undefined;
  const file = await readInputModel(context, 'teacher');
  context.log('info', `learning from version ${file.version} of the model '${file.name}'`);
  return openTeacher({
    file,
    classes: encoding.classes.map(String),
    columns: split.table.columns.map(({ name }) => name),
    load,
  });
}
