import { distill } from '../../../../jobs/compression/distillation/distill';
import { halveTable } from '../../../../jobs/datasets/halve-table';
import { openTable, type Table } from '../../../../jobs/datasets/open-table';
import { readRows } from '../../../../jobs/datasets/read-rows';
import { rowFeeds } from '../../../../jobs/evaluation/row-feeds';
import { train } from '../../../../jobs/kinds/train';
import { stepSpec } from '../../../../shared/contracts/compression/step-spec';
import { jobManifest } from '../../../../shared/contracts/events';
import { trainSpec } from '../../../../shared/contracts/kinds/train';
import type { ModelSignature } from '../../../../shared/contracts/model';
import { BadSpecError, InterruptedError } from '../../../../shared/errors/job-errors';
import type { Model, Tensor } from '../../../../shared/onnx/ir';
import { readModel } from '../../../../shared/onnx/read-model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { type FolderJobContext, folderJobContext } from '../../../support/folder-job-context';
import { ingestRows, penguins, type Row } from '../../../support/penguins';
import { runModel } from '../../../support/run-onnx';

interface Teacher {
  readonly name: string;
  readonly version: number;
  readonly signature: ModelSignature;
  readonly bytes: Uint8Array;
}

const contexts: FolderJobContext[] = [];
const tables: Table[] = [];

afterAll(async () => {
  for (const table of tables) await table.close();
  await Promise.all(contexts.map((each) => each.remove()));
});

async function contextOf(inputs: Record<string, string> = {}): Promise<FolderJobContext> {
  const context = await folderJobContext({ inputs });
  contexts.push(context);
  return context;
}

/** A model of the penguins that a training job made. */
async function trainTeacher(target: string): Promise<Teacher> {
  const upload = await contextOf();
  const context = await contextOf({ data: await ingestRows(penguins(), upload.folder) });
  const spec = trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target,
    epochs: 12,
    batch_size: 16,
    optimizer: { name: 'adam', learning_rate: 0.01 },
    register: { name: 'big' },
  });
  const result = jobManifest.shape.result.parse(await train.run(spec, context));
  if (result.type !== 'model' || result.signature === undefined) throw new Error('a model was expected');
  return { name: 'big', version: 1, signature: result.signature, bytes: await context.output('model.onnx') };
}

const teachers = new Map<string, Promise<Teacher>>();
function teacherOf(target: string): Promise<Teacher> {
  const known = teachers.get(target) ?? trainTeacher(target);
  teachers.set(target, known);
  return known;
}

interface Setup {
  readonly target?: string;
  readonly rows?: readonly Row[];
  readonly step?: object;
  readonly teacher?: Partial<Teacher>;
}

async function setup({
  target = 'Species',
  rows = penguins(),
  step: asked = {},
  teacher: other,
}: Setup = {}) {
  const teacher = { ...(await teacherOf(target)), ...other };
  const context = await contextOf();
  const table = await openTable({ data: await ingestRows(rows, context.folder), scratch: context.scratch });
  tables.push(table);
  const split = await halveTable(table, { task: 'classification', seed: 3 });
  const step = stepSpec.parse({
    name: 'distill',
    student: { family: 'linear' },
    epochs: 12,
    batch_size: 16,
    learning_rate: 0.02,
    ...asked,
  });
  if (step.name !== 'distill') throw new Error('the step is another one');
  return {
    step,
    teacher,
    context,
    split,
    run: () => distill(step, { teacher, rows: split, context, seed: 5 }),
  };
}

/** What two models answer to the rows that were not learned from. */
async function answersOf(model: Model, { teacher, split }: Awaited<ReturnType<typeof setup>>) {
  const columns = teacher.signature.inputs.map(({ name }) => name);
  for await (const chunk of readRows(split, { part: 'test', columns, chunkRows: 1_000 })) {
    const feeds = await rowFeeds(teacher.signature, chunk);
    return {
      own: await runModel(writeModel(model), feeds),
      taught: await runModel(teacher.bytes, feeds),
    };
  }
  throw new Error('there are no rows to test on');
}

const agreement = (one: Tensor | undefined, other: Tensor | undefined): number =>
  Array.from<unknown>(one?.data ?? []).filter((label, row) => label === other?.data[row]).length /
  Math.max(1, one?.data.length ?? 0);

const withoutSpecies = (): Row[] => penguins().map(({ Species: _, ...row }) => row);

describe('distill', () => {
  it.each<[string, Setup]>([
    ['rows with labels', {}],
    ['rows without a target column', { rows: withoutSpecies() }],
    [
      'rows of which some lack a label',
      {
        rows: penguins().map((row, place) => (place % 3 === 0 ? row : { ...row, Species: null })),
        step: { label_fraction: 0.5 },
      },
    ],
    [
      'tensors of the teacher and the student that differ in size',
      {
        step: {
          student: { family: 'mlp', hidden_units: [8] },
          features: [{ teacher: 'hidden_0.weight', student: 'hidden_0' }],
        },
      },
    ],
  ])('teaches another network what a classifier answers, by %s', async (_, given) => {
    const asked = await setup(given);

    const student = await asked.run();

    const { own, taught } = await answersOf(student, asked);
    expect(agreement(own.label, taught.label)).toBeGreaterThan(0.93);
  });

  it('teaches what a regression answers, in its own unit', async () => {
    const asked = await setup({
      target: 'Body Mass (g)',
      step: { student: { family: 'mlp', hidden_units: [16] }, epochs: 20 },
    });

    const student = await asked.run();

    const { own, taught } = await answersOf(student, asked);
    const [found, wanted] = [own, taught].map(({ prediction }) => Array.from(prediction?.data ?? [], Number));
    const mean = (wanted ?? []).reduce((sum, each) => sum + each, 0) / (wanted?.length ?? 1);
    const squares = (of: (row: number) => number) =>
      (wanted ?? []).reduce((sum, _, row) => sum + of(row) ** 2, 0);
    const unexplained = squares((row) => (wanted?.[row] ?? 0) - (found?.[row] ?? 0));
    expect(unexplained / squares((row) => (wanted?.[row] ?? 0) - mean)).toBeLessThan(0.1);
  });

  it('gives a model that reads and answers as the teacher, by the same names in the same order', async () => {
    const asked = await setup({ step: { student: { family: 'linear' }, epochs: 1 } });

    const student = await asked.run();

    const teacher = readModel(asked.teacher.bytes);
    const named = ({ graph }: Model) => ({
      inputs: graph.inputs,
      outputs: graph.outputs.map(({ name, value }) => ({ name, type: value.type })),
    });
    expect(named(student)).toEqual(named(teacher));
  });

  it('begins each student anew, and the same settings and seed make the same one', async () => {
    const { step, teacher, split, context } = await setup({ step: { epochs: 1 } });
    const bytesOf = async (temperature: number) =>
      writeModel(await distill({ ...step, temperature }, { teacher, rows: split, context, seed: 5 }));

    const [first, other, again] = [await bytesOf(2), await bytesOf(8), await bytesOf(2)];

    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it.each<[string, Setup, RegExp]>([
    [
      'a teacher that does not know a label of the data',
      { rows: penguins().map((row, place) => (place === 7 ? { ...row, Species: 'Emperor' } : row)) },
      /version 1 of the model 'big' tells the classes 'Adelie', 'Chinstrap', 'Gentoo' apart, and the target has .*'Emperor'/,
    ],
    [
      'rows that lack a column of the teacher',
      { rows: penguins().map(({ Island: _, ...row }) => row) },
      /reads the columns 'Island', which the data set does not have/,
    ],
    [
      'a teacher without a signature',
      { teacher: { signature: { task: 'other', inputs: [], outputs: [] } } },
      /is a model of task 'other'; give one of a classification or a regression/,
    ],
    [
      'a tensor that the teacher does not have',
      { step: { features: [{ teacher: 'hiden_0.weight', student: 'linear' }] } },
      /the teacher has no value, layer or weight 'hiden_0.weight'; the nearest are: 'hidden_0.weight'/,
    ],
    [
      'a layer that the student does not have',
      { step: { features: [{ teacher: 'hidden_0.weight', student: 'linea' }] } },
      /the student has no layer or parameter 'linea'; the nearest are: 'linear'/,
    ],
  ])('refuses %s', async (_, given, message) => {
    const asked = await setup(given);

    const running = asked.run();

    await expect(running).rejects.toThrow(BadSpecError);
    await expect(running).rejects.toThrow(message);
  });

  it('fails as interrupted when it is told to stop', async () => {
    const asked = await setup();
    asked.context.stop();

    const running = asked.run();

    await expect(running).rejects.toThrow(InterruptedError);
  });
});
