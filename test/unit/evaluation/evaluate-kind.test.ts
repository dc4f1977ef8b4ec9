import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluate } from '../../../jobs/kinds/evaluate';
import { train } from '../../../jobs/kinds/train';
import { jobManifest } from '../../../shared/contracts/events';
import { evaluateSpec } from '../../../shared/contracts/kinds/evaluate';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import type { ModelSignature } from '../../../shared/contracts/model';
import { BadSpecError, InterruptedError, UnusableDataError } from '../../../shared/errors/job-errors';
import { writeModel } from '../../../shared/onnx/write-model';
import { folderJobContext } from '../../support/folder-job-context';
import { penguinModel, penguinSignature } from '../../support/penguin-model';
import { ingestRows, penguins, type Row } from '../../support/penguins';

const dataset = 'ds_01J00000000000000000000000';
const opened: { remove(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.remove()));
});

/** Adelies are light, Gentoos heavy; the model errs on the one heavy Adelie and the light Gentoo. */
const birds: Row[] = [
  { mass: 3.2, island: 'Dream', year: 2007, tagged: true, species: 'Adelie' },
  { mass: 3.5, island: 'Dream', year: 2008, tagged: false, species: 'Adelie' },
  { mass: 4.6, island: 'Torgersen', year: 2009, tagged: false, species: 'Adelie' },
  { mass: 5.1, island: 'Biscoe', year: 2007, tagged: true, species: 'Gentoo' },
  { mass: 5.4, island: 'Biscoe', year: 2008, tagged: false, species: 'Gentoo' },
  { mass: 3.8, island: 'Biscoe', year: 2009, tagged: true, species: 'Gentoo' },
];

interface Setup {
  rows?: readonly Row[];
  spec?: object;
  signature?: ModelSignature | undefined;
  /** That the model was trained on. */
  learned?: string;
}

async function setup({ rows = birds, spec = {}, signature = penguinSignature, learned }: Setup = {}) {
  const source = await folderJobContext();
  const model = join(source.folder, 'model.onnx');
  await writeFile(model, writeModel(penguinModel()));
  const data = await ingestRows(rows, source.folder);
  const context = await folderJobContext({
    inputs: { model, data },
    model: { name: 'birds', version: 2, signature, lineage: learned ? { dataset: learned } : {} },
    threads: 1,
  });
  opened.push(source, context);
  const parsed = evaluateSpec.parse({
    model: { name: 'birds' },
    dataset,
    bootstrap: { resamples: 200 },
    ...spec,
  });
  const run = async () => {
    const result = jobManifest.shape.result.parse(await evaluate.run(parsed, context));
    if (result.type !== 'evaluation') throw new Error(`the job ended with ${result.type}`);
    const text = new TextDecoder().decode(await context.output('evaluation.json'));
    return { result, report: JSON.parse(text) };
  };
  return { context, run };
}

describe('the evaluate job', () => {
  it('gives the numbers that training reported of the same rows', async () => {
    const source = await folderJobContext();
    const trained = await folderJobContext({ inputs: { data: await ingestRows(penguins(), source.folder) } });
    const learned = await train.run(
      trainSpec.parse({
        dataset,
        target: 'Species',
        seed: 7,
        epochs: 8,
        batch_size: 16,
        register: { name: 'penguins' },
      }),
      trained,
    );
    if (learned.type !== 'model') throw new Error(`the job ended with ${learned.type}`);
    const context = await folderJobContext({
      inputs: { model: trained.outputs.path('model.onnx'), data: trained.outputs.path('test_rows.parquet') },
      model: { name: 'penguins', version: 1, signature: learned.signature, lineage: {} },
    });
    opened.push(source, trained, context);
    const spec = evaluateSpec.parse({
      model: { name: 'penguins' },
      slices: ['Island', 'Body Mass (g)', 'Sex'],
      bootstrap: { resamples: 100 },
    });

    const result = await evaluate.run(spec, context);

    const report = JSON.parse(new TextDecoder().decode(await context.output('evaluation.json')));
    expect(report.metrics).toMatchObject({ ...(learned.metrics.test ?? {}) });
    expect(result).toMatchObject({
      type: 'evaluation',
      model: { name: 'penguins', version: 1 },
      metrics: { accuracy: report.metrics.accuracy, log_loss: report.metrics.log_loss },
    });
    expect(report.slices.length).toBeGreaterThan(6);
    expect(context.published).toEqual(['evaluation.json', 'report.html']);
  });

  it('says so where the model learned rows of the data set that it is measured on', async () => {
    const { context, run } = await setup({ learned: dataset });

    const { report } = await run();

    expect(report.notes).toEqual([expect.stringMatching(/was trained on rows of this data set/)]);
    expect(context.logs.map(({ level }) => level)).toContain('warn');
  });

  it('measures as worked by hand, with an interval around each headline number', async () => {
    const { context, run } = await setup();

    const { result, report } = await run();

    expect(report.metrics).toMatchObject({
      rows: 6,
      accuracy: 4 / 6,
      confusion_matrix: [
        [2, 1],
        [1, 2],
      ],
      balanced_accuracy: 4 / 6,
      cohen_kappa: expect.closeTo(1 / 3, 12),
      roc_auc: expect.closeTo(8 / 9, 12),
    });
    expect(report.metrics.roc_curves[0]).toMatchObject({ class: 'Gentoo', area: report.metrics.roc_auc });
    for (const { metric, value, low, high } of report.intervals) {
      expect(report.metrics[metric]).toBe(value);
      expect(low).toBeLessThanOrEqual(high);
    }
    expect(report.intervals.map(({ metric }: { metric: string }) => metric)).toContain('average_precision');
    expect(result.metrics).toMatchObject({ rows: 6, accuracy: 4 / 6 });
    expect(result.metrics.confidence_intervals).toMatchObject({
      accuracy: [expect.any(Number), expect.any(Number)],
    });
    expect(JSON.stringify(result.metrics).length).toBeLessThan(3_000);
    expect(context.progress.at(-1)).toMatchObject({ fraction: 1 });
  });

  it('measures each slice: values of text, numbers and flags, and ranges of many numbers', async () => {
    const rows = Array.from({ length: 48 }, (_, index) => ({
      ...birds[index % 6],
      mass: 3 + index / 20,
      tail: index,
    }));
    const { run } = await setup({ rows, spec: { slices: ['island', 'year', 'tagged', 'tail', 'species'] } });

    const { report } = await run();

    const counted = report.slices.map(({ column, value, rows: count }: Record<string, unknown>) => [
      column,
      value,
      count,
    ]);
    expect(counted).toEqual([
      ['island', 'Biscoe', 24],
      ['island', 'Dream', 16],
      ['island', 'Torgersen', 8],
      ['year', '2007', 16],
      ['year', '2008', 16],
      ['year', '2009', 16],
      ['tagged', 'false', 24],
      ['tagged', 'true', 24],
      ['tail', 'at most 11.75', 12],
      ['tail', 'more than 11.75, at most 23.5', 12],
      ['tail', 'more than 23.5, at most 35.25', 12],
      ['tail', 'more than 35.25', 12],
      ['species', 'Adelie', 24],
      ['species', 'Gentoo', 24],
    ]);
    const weighted = (column: string) =>
      report.slices
        .filter((slice: { column: string }) => slice.column === column)
        .reduce(
          (sum: number, slice: { rows: number; metrics: { accuracy: number } }) =>
            sum + slice.rows * slice.metrics.accuracy,
          0,
        );
    for (const column of ['island', 'year', 'tail'])
      expect(weighted(column) / 48).toBeCloseTo(report.metrics.accuracy, 12);
  });

  it('names the values that are left out where there are too many, and puts missing ones in a slice of their own', async () => {
    const rows = Array.from({ length: 60 }, (_, index) => ({
      ...birds[index % 6],
      colony: index < 4 ? null : `colony ${String(index % 28).padStart(2, '0')}`,
    }));
    const { run } = await setup({ rows, spec: { slices: ['colony'] } });

    const { report } = await run();

    expect(report.slices).toHaveLength(21);
    expect(report.slices.at(-1)).toMatchObject({ value: '(missing)', rows: 4 });
    const [left] = report.slices_left_out;
    expect(left).toMatchObject({ column: 'colony', values: 8 });
    expect(left.named).toHaveLength(8);
    expect(left.rows).toBe(
      56 -
        report.slices.slice(0, 20).reduce((sum: number, { rows: count }: { rows: number }) => sum + count, 0),
    );
  });

  it('takes a threshold for the second of two classes', async () => {
    const { run } = await setup({ spec: { metrics: { threshold: 0.2 } } });

    const { report } = await run();

    expect(report.metrics.confusion_matrix).toEqual([
      [2, 1],
      [0, 3],
    ]);
  });

  it('is the same for the same seed, and other intervals for another', async () => {
    const [one, again, other] = await Promise.all([{}, {}, { seed: 1 }].map((spec) => setup({ spec })));

    const [first, second, third] = await Promise.all([one, again, other].map((each) => each?.run()));

    expect(second?.report).toEqual(first?.report);
    expect(third?.report.intervals).not.toEqual(first?.report.intervals);
    expect(third?.report.metrics).toEqual(first?.report.metrics);
  });

  it('counts and names labels that the model never saw, and rows without one', async () => {
    const stray = { mass: 3.3, island: 'Dream', year: 2007, tagged: true };
    const rows = [
      ...birds,
      { ...stray, species: 'Emperor' },
      { ...stray, species: 'Emperor' },
      { ...stray, species: null },
    ];
    const { context, run } = await setup({ rows });

    const { result, report } = await run();

    expect(report.unseen_labels).toEqual([{ label: 'Emperor', rows: 2 }]);
    expect(report.rows).toEqual({ measured: 6, without_target: 1, of_unseen_labels: 2 });
    expect(result.metrics).toMatchObject({ rows: 6, rows_of_unseen_labels: 2 });
    expect(context.logs.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("'Emperor' (2)"),
    );
  });

  it('reads the truth from another column where it is told to', async () => {
    const rows = birds.map(({ species, ...rest }) => ({ ...rest, seen: species ?? null }));
    const { run } = await setup({ rows, spec: { target: 'seen' } });

    const { report } = await run();

    expect(report).toMatchObject({ target: 'seen', metrics: { accuracy: 4 / 6 } });
  });

  it.each([
    {
      title: 'data without a column of the model, with the nearest names',
      given: { rows: birds.map(({ mass, ...rest }) => ({ ...rest, Mass: mass ?? null })) },
      words: /'mass' of the data set is not there; the most like it are 'Mass'/,
    },
    {
      title: 'data without the target',
      given: { rows: birds.map(({ species, ...rest }) => rest) },
      words: /'species' of the data set is not there/,
    },
    {
      title: 'a slice column that is missing',
      given: { spec: { slices: ['islnd'] } },
      words: /'islnd' of the data set is not there; the most like it are 'island'/,
    },
    {
      title: 'a model without a task',
      given: { signature: { ...penguinSignature, task: 'other' as const } },
      words: /no task that it could be measured by; import it with a signature that has task/,
    },
    {
      title: 'a model without classes',
      given: { signature: { ...penguinSignature, classes: [] } },
      words: /has 0 classes to tell apart; import it with a signature/,
    },
    {
      title: 'a top_k that no two classes have',
      given: { spec: { metrics: { top_k: 2 } } },
      words: /top_k is 2 and must be less than the classes, and the model has 2 classes/,
    },
  ])('refuses $title', async ({ given, words }) => {
    const { context, run } = await setup(given);

    const refusal = run();

    await expect(refusal).rejects.toThrow(BadSpecError);
    await expect(refusal).rejects.toThrow(words);
    expect(context.published).toEqual([]);
  });

  it.each([
    {
      title: 'labels of which the model knows none',
      rows: birds.map((bird) => ({ ...bird, species: 'Emperor' })),
      words: /knows none of its labels: 'Emperor' \(6\); it knows 'Adelie', 'Gentoo'/,
    },
    {
      title: 'rows that are all without truth',
      rows: birds.map((bird) => ({ ...bird, species: null })),
      words: /the target 'species' is missing in all of its 6 rows/,
    },
  ])('refuses $title', async ({ rows, words }) => {
    const { run } = await setup({ rows });

    const refusal = run();

    await expect(refusal).rejects.toThrow(UnusableDataError);
    await expect(refusal).rejects.toThrow(words);
  });

  it('fails as interrupted where it is told to stop', async () => {
    const { context, run } = await setup();
    context.stop();

    await expect(run()).rejects.toThrow(InterruptedError);
    expect(context.published).toEqual([]);
  });
});
