import { readFile } from 'node:fs/promises';
import { isLists, type ListValues, scalarsOf } from '../../../jobs/datasets/column-values';
import { fitStatistics } from '../../../jobs/datasets/fit-statistics';
import { inferTask } from '../../../jobs/datasets/infer-task';
import { openTable, type Table } from '../../../jobs/datasets/open-table';
import { type ReadRowsOptions, type RowChunk, readRows } from '../../../jobs/datasets/read-rows';
import { type SplitTable, splitTable, unsplitTable } from '../../../jobs/datasets/split-table';
import { writeRows } from '../../../jobs/datasets/write-rows';
import { UnusableDataError } from '../../../shared/errors/job-errors';
import { makeFolder, profileOf, rowsOf, tableOf, writeParquet } from './ingest-bytes';

const tables: Table[] = [];
afterEach(() => Promise.all(tables.splice(0).map((table) => table.close())));

const jsonl = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');

/** Row `id` has the list `[id, id, …]` of `id % 5` numbers; each seventh list is missing. */
const listOf = (id: number) => (id % 7 === 6 ? null : Array.from({ length: id % 5 }, () => id));
const rowsWithLists = (rows: number) =>
  Array.from({ length: rows }, (_, id) => ({ id, list: listOf(id), label: `class ${id % 3}` }));

async function setup(content: string | Uint8Array, fractions = { validationFraction: 0, testFraction: 0 }) {
  const table = await tableOf(content);
  tables.push(table);
  const split = await splitTable(table, { target: 'label', task: 'classification', seed: 0, ...fractions });
  return { table, split };
}

async function read(split: SplitTable, options: Partial<ReadRowsOptions> = {}): Promise<RowChunk[]> {
  const chunks: RowChunk[] = [];
  const columns = ['id', 'list'];
  for await (const chunk of readRows(split, { part: 'train', columns, chunkRows: 1_000, ...options }))
    chunks.push(chunk);
  return chunks;
}

function listsOf(chunk: RowChunk | undefined, name = 'list'): ListValues {
  const values = chunk?.columns[name];
  if (values === undefined || !isLists(values)) throw new TypeError(`no lists: ${name}`);
  return values;
}

/** Each row's list, or null where it has none. */
const unpacked = ({ values, offsets, missing }: ListValues) =>
  Array.from({ length: offsets.length - 1 }, (_, row) =>
    missing?.[row] === 1 ? null : [...values.subarray(offsets[row], offsets[row + 1])],
  );

const idsOf = (chunk: RowChunk) => scalarsOf(chunk.columns.id ?? []).map(Number);

describe('columns of lists', () => {
  it('have a profile of their lengths and their numbers', async () => {
    const { columns } = await profileOf(
      jsonl([{ a: [1, 2, 3], b: [0.5] }, { a: [] }, { a: null, b: [] }, { a: [-7], b: [] }]),
    );

    expect(columns).toEqual([
      {
        name: 'a',
        type: 'numbers',
        missing: 1,
        distinct: 3,
        length: { min: 0, max: 3, mean: 4 / 3 },
        min: -7,
        max: 3,
        whole: true,
      },
      expect.objectContaining({
        name: 'b',
        missing: 1,
        length: { min: 0, max: 1, mean: 1 / 3 },
        whole: false,
      }),
    ]);
  });

  it('have a profile without numbers where all lists are empty or missing', async () => {
    const { columns } = await profileOf(
      jsonl([
        { a: [], b: null },
        { a: [], b: null },
      ]),
    );

    expect(columns).toMatchObject([
      { name: 'a', type: 'numbers', length: { min: 0, max: 0, mean: 0 } },
      { name: 'b', type: 'text', missing: 2 },
    ]);
    expect(columns[0]).not.toHaveProperty('min');
  });

  it.each(['TINYINT', 'UBIGINT', 'HUGEINT', 'FLOAT', 'DOUBLE', 'DECIMAL(9, 2)'])(
    'come out of Parquet as %s[] too',
    async (type) => {
      const path = await writeParquet(`SELECT [1, 2, range]::${type}[] AS a FROM range(3)`);

      const table = await tableOf(await readFile(path));

      tables.push(table);
      expect(table.columns).toEqual([{ name: 'a', type: 'numbers' }]);
    },
  );

  it('are read in the order of the file, with what is missing and what is empty told apart', async () => {
    const { split } = await setup(jsonl(rowsWithLists(2_500)));

    const chunks = await read(split);

    expect(chunks.map(({ rows }) => rows)).toEqual([1_000, 1_000, 500]);
    expect(chunks.flatMap((chunk) => unpacked(listsOf(chunk)))).toEqual(
      rowsWithLists(2_500).map(({ list }) => list),
    );
  });

  it('have no marks of missing rows where none is', async () => {
    const { split } = await setup(
      jsonl([
        { id: 1, list: [], label: 'a' },
        { id: 2, list: [1], label: 'b' },
      ]),
    );

    const [chunk] = await read(split);

    expect(listsOf(chunk)).toEqual({
      kind: 'lists',
      values: new Float32Array([1]),
      offsets: new Uint32Array([0, 0, 1]),
    });
  });

  it.each([
    { order: 'shuffled', options: { shuffle: { seed: 3, epoch: 1 } } },
    { order: 'of another part', options: { part: 'test' as const } },
    { order: 'of all parts', options: { part: 'all' as const } },
  ])('stay with their rows when the order is $order', async ({ options }) => {
    const { split } = await setup(jsonl(rowsWithLists(3_000)), {
      validationFraction: 0.1,
      testFraction: 0.3,
    });

    const chunks = await read(split, { chunkRows: 128, ...options });

    for (const chunk of chunks)
      expect(unpacked(listsOf(chunk))).toEqual(Array.from(idsOf(chunk), (id) => listOf(id)));
    expect(chunks.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(800);
  });

  it('can be read by two readers at once', async () => {
    const { split } = await setup(jsonl(rowsWithLists(2_000)));

    const both = await Promise.all([read(split), read(split, { chunkRows: 77 })]);

    const [first, second] = both.map((chunks) => chunks.flatMap((chunk) => unpacked(listsOf(chunk))));
    expect(first).toEqual(second);
  });

  it('keep numbers past the range of float32 as its largest', async () => {
    const { split } = await setup(
      jsonl([
        { id: 1, list: [1e300, -1e300], label: 'a' },
        { id: 2, label: 'b' },
      ]),
    );

    const [chunk] = await read(split);

    expect([...listsOf(chunk).values]).toEqual([3.4028234663852886e38, -3.4028234663852886e38]);
  });

  it('are written with the rows of a part, and read from there', async () => {
    const { split } = await setup(jsonl(rowsWithLists(3_000)), { validationFraction: 0, testFraction: 0.2 });
    const path = `${await makeFolder()}/rows.parquet`;
    const [inPart] = await read(split, { part: 'test' });

    await writeRows(split, 'test', path);

    const table = await openTable({ data: path, scratch: await makeFolder() });
    tables.push(table);
    expect(table.columns.map(({ type }) => type)).toEqual(['integer', 'numbers', 'text']);
    const written = await unsplitTable(table, { target: 'label', task: 'classification' });
    const [again] = await read(written, { part: 'all' });
    expect(again?.columns).toEqual(inPart?.columns);
    expect(
      (await rowsOf(path)).every(([id, list]) => String(list) === String(listOf(Number(id)) ?? 'null')),
    ).toBe(true);
  });

  it('are nothing that a model of single values learns from', async () => {
    const { split } = await setup(jsonl(rowsWithLists(100)));

    const fitted = await fitStatistics(split, ['list', 'id']);

    expect(fitted).toMatchObject([
      {
        name: 'list',
        kind: 'unused',
        why: expect.stringMatching(/lists of numbers.*cnn, rnn or transformer/),
      },
      { name: 'id', kind: 'number' },
    ]);
  });

  it('fails as a target, whichever way it is asked for', async () => {
    const { table } = await setup(jsonl(rowsWithLists(100)));
    const options = { validationFraction: 0, testFraction: 0, seed: 0 };

    await expect(inferTask(table, 'list')).rejects.toBeInstanceOf(UnusableDataError);
    for (const task of ['classification', 'regression'] as const)
      await expect(splitTable(table, { target: 'list', task, ...options })).rejects.toThrow(
        "the target 'list' holds lists of numbers, which a model reads and does not predict",
      );
  });
});
