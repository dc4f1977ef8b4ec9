import { scalarsOf } from '../../../jobs/datasets/column-values';
import { inferTask } from '../../../jobs/datasets/infer-task';
import { openTable, type Table } from '../../../jobs/datasets/open-table';
import { readClasses } from '../../../jobs/datasets/read-classes';
import { readRows } from '../../../jobs/datasets/read-rows';
import {
  type Part,
  type SplitOptions,
  type SplitTable,
  splitTable,
  unsplitTable,
} from '../../../jobs/datasets/split-table';
import { writeRows } from '../../../jobs/datasets/write-rows';
import { BadSpecError, UnusableDataError } from '../../../shared/errors/job-errors';
import { ingestBytes, makeFolder, tableOf } from './ingest-bytes';

const header = 'id,x,label,number,flag,same,empty,at,many\n';
const row = (id: number) =>
  [
    id,
    id % 11 === 0 ? '' : id / 8,
    ['red', 'green', 'blue', 'blue'][id % 4],
    id % 3,
    id % 2 === 0,
    'k',
    '',
    '2024-01-01',
    id % 5_000,
  ].join();
const csvOf = (rows: number) => header + Array.from({ length: rows }, (_, id) => row(id)).join('\n');

const tables: Table[] = [];
afterEach(() => Promise.all(tables.splice(0).map((table) => table.close())));

async function setup(csv = csvOf(400)) {
  const table = await tableOf(csv);
  tables.push(table);
  const split = (options: Partial<SplitOptions> = {}) =>
    splitTable(table, {
      target: 'label',
      task: 'classification',
      validationFraction: 0.15,
      testFraction: 0.25,
      seed: 7,
      ...options,
    });
  return { table, split };
}

async function column(split: SplitTable, part: Part | 'all', name: string): Promise<(string | number)[]> {
  const values: (string | number)[] = [];
  for await (const { columns } of readRows(split, { part, columns: [name], chunkRows: 64 }))
    values.push(...scalarsOf(columns[name] ?? []));
  return values;
}

describe('a split', () => {
  it('gives every row to one part, in the shares that were asked for', async () => {
    const { split } = await setup();

    const parts = await split();

    expect(parts.counts).toEqual({ train: 240, validation: 60, test: 100, dropped: 0 });
    const ids = await Promise.all(
      (['train', 'validation', 'test'] as const).map((part) => column(parts, part, 'id')),
    );
    expect(ids.flat().sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 400 }, (_, id) => id),
    );
    expect(await column(parts, 'all', 'id')).toEqual(Array.from({ length: 400 }, (_, id) => id));
  });

  it('gives every part its share of every class', async () => {
    const { split } = await setup();

    const labels = await column(await split(), 'test', 'label');

    const share = (label: string) => labels.filter((value) => value === label).length;
    expect([share('red'), share('green'), share('blue')]).toEqual([25, 25, 50]);
  });

  it('is the same with any number of threads, and another by another seed', async () => {
    const { outcome, data, folder } = await ingestBytes(csvOf(3_000));
    const testIds = async (threads: number, seed: number) => {
      const table = await openTable({ data, scratch: folder, threads });
      tables.push(table);
      const split = await splitTable(table, {
        target: 'label',
        task: 'classification',
        validationFraction: 0.1,
        testFraction: 0.1,
        seed,
      });
      return column(split, 'test', 'id');
    };

    const [one, two, other] = [await testIds(1, 3), await testIds(2, 3), await testIds(2, 4)];

    expect(outcome.type).toBe('ready');
    expect(one).toEqual(two);
    expect(other).not.toEqual(one);
  });

  it('stays the same from version to version', async () => {
    const { split } = await setup(csvOf(40));

    const ids = await column(await split({ seed: 1 }), 'test', 'id');

    expect(ids).toMatchInlineSnapshot(`
[
  0,
  1,
  9,
  12,
  14,
  23,
  26,
  27,
  31,
  33,
]
`);
  });

  it('leaves out the rows whose target is missing, and counts them', async () => {
    const { split } = await setup();

    const { counts } = await split({ target: 'x', task: 'regression' });

    expect(counts.dropped).toBe(37);
    expect(counts.train + counts.validation + counts.test).toBe(363);
  });

  it('does without parts whose fraction is 0', async () => {
    const { split } = await setup();

    const { counts } = await split({ validationFraction: 0, testFraction: 0 });

    expect(counts).toEqual({ train: 400, validation: 0, test: 0, dropped: 0 });
  });

  it.each<{ what: string; options: Partial<SplitOptions>; code: string; message: RegExp }>([
    {
      what: 'a constant target',
      options: { target: 'same' },
      code: 'target_constant',
      message: /'same' has the same value in all 400 rows/,
    },
    {
      what: 'a target that is all missing',
      options: { target: 'empty' },
      code: 'target_all_missing',
      message: /'empty' is missing in all 400 rows/,
    },
    {
      what: 'a target of timestamps',
      options: { target: 'at' },
      code: 'target_type',
      message: /'at' holds timestamps/,
    },
    {
      what: 'a regression on text',
      options: { task: 'regression' },
      code: 'target_type',
      message: /'label' is text, and a regression predicts numbers/,
    },
  ])('refuses $what', async ({ options, code, message }) => {
    const { split } = await setup();

    const error = await split(options).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(UnusableDataError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses a classification of 5,000 classes, and says what to do', async () => {
    const { split } = await setup(csvOf(6_000));

    const error = await split({ target: 'many' }).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      code: 'too_many_classes',
      message:
        "the target 'many' has 5000 classes and at most 1000 are allowed; ask for a regression (task: 'regression'), or group the rare ones",
    });
  });

  it('refuses too few rows for the fractions', async () => {
    const { split } = await setup(csvOf(4));

    await expect(split({ validationFraction: 0.1 })).rejects.toMatchObject({ code: 'too_few_rows' });
  });

  it('refuses a target that is no column, and names the nearest', async () => {
    const { split } = await setup();

    const error = await split({ target: 'Label' }).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(BadSpecError);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^the target 'Label' is not a column of the data set; the nearest are: 'label', /,
      ),
    });
  });

  it('refuses fractions that leave nothing to train on', async () => {
    const { split } = await setup();

    await expect(split({ validationFraction: 0.5, testFraction: 0.5 })).rejects.toBeInstanceOf(BadSpecError);
  });
});

describe('the task of a target', () => {
  it.each([
    { target: 'label', task: 'classification' },
    { target: 'flag', task: 'classification' },
    { target: 'number', task: 'classification' },
    { target: 'x', task: 'regression' },
    { target: 'id', task: 'regression' },
  ])('$target is for $task', async ({ target, task }) => {
    const { table } = await setup();

    expect(await inferTask(table, target)).toBe(task);
  });

  it('refuses timestamps', async () => {
    const { table } = await setup();

    await expect(inferTask(table, 'at')).rejects.toBeInstanceOf(UnusableDataError);
  });
});

describe('the classes of a split', () => {
  it.each<{ target: string; classes: unknown[] }>([
    { target: 'label', classes: ['blue', 'green', 'red'] },
    { target: 'number', classes: [0, 1, 2] },
    { target: 'flag', classes: [false, true] },
  ])('of $target are sorted, and their texts are the labels of rows', async ({ target, classes }) => {
    const { split } = await setup();

    const parts = await split({ target });

    expect(await readClasses(parts)).toEqual(classes);
    expect(new Set(await column(parts, 'train', target))).toEqual(new Set(classes.map(String)));
  });
});

describe('held-out rows', () => {
  it('come back from their file as they were, as a whole', async () => {
    const { split } = await setup();
    const parts = await split();
    const path = `${await makeFolder()}/test.parquet`;

    await writeRows(parts, 'test', path);
    const table = await openTable({ data: path, scratch: await makeFolder() });
    tables.push(table);
    const held = await unsplitTable(table, { target: 'label', task: 'classification' });

    expect(table.columns).toEqual(parts.table.columns);
    expect(held.counts).toEqual({ train: 0, validation: 0, test: 100, dropped: 0 });
    for (const name of ['id', 'x', 'label'])
      expect(await column(held, 'all', name)).toEqual(await column(parts, 'test', name));
  });
});
