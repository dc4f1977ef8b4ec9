import type { StepOf } from '../../../shared/contracts/compression/step-spec';
import { type TrainSpec, trainSpec } from '../../../shared/contracts/kinds/train';
import type { ModelSignature } from '../../../shared/contracts/model';
import { checkTeacher } from '../../../shared/datasets/check-teacher';
import type { Graph, Model } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import { columnReference } from '../../datasets/open-table';
import { readClasses } from '../../datasets/read-classes';
import type { SplitTable } from '../../datasets/split-table';
import type { JobContext } from '../../kinds/job-kind';
import type { InputModel } from '../../models/read-input-model';
import { exportModel } from '../../training/export-model';
import { prepareFamily } from '../../training/families/index';
import { type FitContext, fitModel } from '../../training/fit-model';
import { inPlaceOf } from './in-place-of';
import { lessonOf } from './lesson';
import { matchTensors } from './match-tensors';
import { lookAtLessons, openTutor, type Tutor } from './tutor';

export interface DistillRequest {
  readonly teacher: Pick<InputModel, 'name' | 'version' | 'signature' | 'bytes'>;
  /** Its `train` part is learned from; a target column may be there or not, and may lack values. */
  readonly rows: SplitTable;
  readonly context: Pick<FitContext, 'runtime' | 'threads' | 'provider' | 'memoryBytes' | 'signal' | 'log'> &
    Partial<Pick<JobContext, 'inputs' | 'models' | 'report'>>;
  readonly seed: number;
  /** The model whose place the student is to take; the teacher where absent. */
  readonly place?: { readonly graph: Graph; readonly signature: ModelSignature };
}

/** The data are at hand, and no data set of a registry. */
const noDataset = `ds_${'0'.repeat(26)}`;

/** A training as a step asks for it, with its family's own defaults for what it does not say. */
function trainSpecOf(
  step: StepOf<'distill'>,
  { target = 'answer', task }: ModelSignature,
  seed: number,
): TrainSpec {
  const spec = trainSpec.parse({
    dataset: noDataset,
    target,
    task: task === 'regression' ? 'regression' : 'classification',
    model: step.student,
    epochs: step.epochs,
    batch_size: step.batch_size,
    validation_fraction: 0,
    test_fraction: 0,
    seed,
    register: { name: 'student' },
  });
  const { learning_rate } = step;
  return learning_rate === undefined ? spec : { ...spec, optimizer: { ...spec.optimizer, learning_rate } };
}

/** The rows to learn from, with the target of the teacher, whether they have it or not. */
function taughtRows(rows: SplitTable, { task, target: name = 'answer' }: ModelSignature): SplitTable {
  const isNumber = task === 'regression';
  const column = rows.table.columns.find((each) => each.name === name);
  return {
    ...rows,
    task: isNumber ? 'regression' : 'classification',
    target: column ?? { name, type: isNumber ? 'number' : 'text' },
    counts: { ...rows.counts, validation: 0, test: 0 },
  };
}

/** The labels that there are, as text; all of the teacher's where no label is another one. */
async function classesIn(rows: SplitTable, signature: ModelSignature): Promise<string[]> {
  const own = (signature.classes ?? []).map(String);
  const index = rows.table.columns.findIndex(({ name }) => name === rows.target.name);
  if (index < 0 || rows.task === 'regression') return own;
  const labelled = `(SELECT * FROM ${rows.relation('all')} WHERE ${columnReference(index)} IS NOT NULL)`;
  const found = (await readClasses({ ...rows, relation: () => labelled })).map(String);
  return found.every((name) => own.includes(name)) ? own : found;
}

interface Course {
  readonly step: StepOf<'distill'>;
  readonly request: DistillRequest;
  readonly signature: ModelSignature;
  readonly rows: SplitTable;
}

/** A student trained by a tutor, with its own preprocessing. */
async function studentOf({ step, request, signature, rows }: Course, tutor: Tutor) {
  const { context: given, seed } = request;
  const { runtime, threads, provider, memoryBytes, signal, log, models, inputs = noInputs } = given;
  // checkpoints are left out: those of a job are none of its students'
  const context = { runtime, threads, provider, memoryBytes, signal, log, models, inputs };
  const spec = trainSpecOf(step, signature, seed);
  const syllabus = await lookAtLessons(tutor, { rows, signature, seed });
  const { encoding, givesScores } = syllabus;
  const features = tutor.columns;
  const prepared = await prepareFamily(spec.model.family, {
    spec,
    model: spec.model,
    split: rows,
    features,
    context,
    encoding,
  });
  const wanted = step.features.map(({ student }, index) => ({
    student,
    dims: tutor.tensorDims[index] ?? [],
  }));
  const { network, matches } = matchTensors(prepared.network, prepared.features, wanted);
  const hasLabels = step.label_fraction > 0 && rows.table.columns.includes(rows.target);
  const lesson = lessonOf({
    step,
    tutor,
    syllabus,
    matches,
    ...(hasLabels ? { target: rows.target.name } : {}),
  });
  const fitted = await fitModel({
    spec,
    split: rows,
    prepared: { ...prepared, network },
    context,
    report: given.report ?? (() => undefined),
    lesson,
  });
  const { parameters, statistics } = fitted.trained.weights;
  const own = parameters.slice(0, prepared.network.parameters.length);
  return { model: exportModel({ ...prepared, weights: { parameters: own, statistics } }), givesScores };
}

const noInputs: JobContext['inputs'] = {
  roles: [],
  has: () => false,
  path: async (role) => {
    throw new Error(`there is no input '${role}'`);
  },
};

/**
 * Trains another network on what a model answers (Hinton et al., 2015): any family of a train spec as student, any
 * classification or regression as teacher, with labels or without. What comes of it reads what the teacher reads, and answers
 * under the same names in the same order of classes. `BadSpecError` where the teacher cannot teach these rows or the student
 * cannot read them, `DivergenceError`, and `InterruptedError` as in training.
 */
export async function distill(step: StepOf<'distill'>, request: DistillRequest): Promise<Model> {
  const { teacher, context } = request;
  const known = teacher.signature;
  const rows = known === undefined ? request.rows : taughtRows(request.rows, known);
  const signature = checkTeacher(teacher, {
    classes: known && (await classesIn(rows, known)),
    columns: rows.table.columns.map(({ name }) => name),
    tasks: ['classification', 'regression'],
  });
  const { runtime, threads, provider } = context;
  let session: ModelSession | undefined;
  try {
    const load = async (bytes: Uint8Array) => {
      session = await runtime.load(bytes, { threads, provider });
      return session;
    };
    const tensors = step.features.map((feature) => feature.teacher);
    const tutor = await openTutor({ bytes: teacher.bytes, signature, tensors, load });
    const { model, givesScores } = await studentOf({ step, request, signature, rows }, tutor);
    const place = request.place ?? { graph: readModel(teacher.bytes).graph, signature };
    return inPlaceOf(model, { ...place, givesScores });
  } finally {
    await session?.dispose();
  }
}
