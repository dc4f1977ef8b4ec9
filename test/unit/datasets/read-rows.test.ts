import { scalarsOf } from '../../../jobs/datasets/column-values';
import type { Table } from '../../../jobs/datasets/open-table';
import { type ReadRowsOptions, readRows } from '../../../jobs/datasets/read-rows';
import { splitTable } from '../../../jobs/datasets/split-table';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { tableOf } from './ingest-bytes';

const tables: Table[] = [];
afterEach(() => Promise.all(tables.splice(0).map((table) => table.close())));

const csv = `i,n,b,t,at,y\n${['1,0.5,true,x,2024-01-01,1.5', ',,,,,2.5', '-3,1e300,false,"é, ü",2024-01-02,3.5'].join('\n')}\n`;

async function setup(options: Partial<ReadRowsOptions> = {}, content = csv) {
  const table = await tableOf(content);
  tables.push(table);
  const split = await splitTable(table, {
    target: 'y',
    task: 'regression',
    validationFraction: 0,
    testFraction: 0,
    seed: 0,
  });
  const chunks = [];
  for await (const chunk of readRows(split, { part: 'train', columns: ['i'], chunkRows: 100, ...options }))
    chunks.push(chunk);
  return { split, chunks };
}

describe('the rows of a part', () => {
  it('come as floats and texts, with NaN and an empty text for what is missing', async () => {
    const { chunks } = await setup({ columns: ['i', 'n', 'b', 't', 'y'] });

    expect(chunks).toEqual([
      {
        rows: 3,
        rowNumbers: new Float64Array([0, 1, 2]),
        columns: {
          i: new Float32Array([1, Number.NaN, -3]),
          n: new Float32Array([0.5, Number.NaN, 3.4028234663852886e38]),
          b: new Float32Array([1, Number.NaN, 0]),
          t: ['x', '', 'é, ü'],
          y: new Float32Array([1.5, 2.5, 3.5]),
        },
      },
    ]);
  });

  it.each([
    { rows: 5_000, chunkRows: 1_000, sizes: [1_000, 1_000, 1_000, 1_000, 1_000] },
    { rows: 5_000, chunkRows: 3_000, sizes: [3_000, 2_000] },
    { rows: 3, chunkRows: 1, sizes: [1, 1, 1] },
  ])('come in chunks of $chunkRows', async ({ rows, chunkRows, sizes }) => {
    const content = `i,y\n${Array.from({ length: rows }, (_, id) => `${id},${id / 2}`).join('\n')}\n`;

    const { chunks } = await setup({ chunkRows }, content);

    expect(chunks.map((chunk) => chunk.rows)).toEqual(sizes);
    expect(chunks.flatMap(({ columns }) => [...scalarsOf(columns.i ?? [])])).toEqual(
      Array.from({ length: rows }, (_, id) => id),
    );
  });

  it('are shuffled by seed and epoch, the same way each time', async () => {
    const content = `i,y\n${Array.from({ length: 3_000 }, (_, id) => `${id},${id / 2}`).join('\n')}\n`;
    const order = async (seed: number, epoch: number) => {
      const { chunks } = await setup({ shuffle: { seed, epoch } }, content);
      return chunks.flatMap(({ columns }) => [...scalarsOf(columns.i ?? [])].map(Number));
    };

    const [first, again, next, other] = [
      await order(1, 0),
      await order(1, 0),
      await order(1, 1),
      await order(2, 0),
    ];

    expect(again).toEqual(first);
    for (const shuffled of [first, next, other])
      expect([...shuffled].sort((a, b) => a - b)).toEqual(Array.from({ length: 3_000 }, (_, id) => id));
    expect(next).not.toEqual(first);
    expect(other).not.toEqual(first);
    expect(first.slice(0, 12)).toMatchInlineSnapshot(`
[
  1873,
  507,
  2990,
  389,
  1926,
  2475,
  2471,
  2463,
  1219,
  1250,
  1344,
  2239,
]
`);
  });

  it('can be read by two readers at once', async () => {
    const { split } = await setup(
      {},
      `i,y\n${Array.from({ length: 10_000 }, (_, id) => `${id},${id / 2}`).join('\n')}\n`,
    );
    const sums = await Promise.all(
      [100, 333].map(async (chunkRows) => {
        let sum = 0;
        for await (const { columns } of readRows(split, { part: 'train', columns: ['i'], chunkRows }))
          for (const value of scalarsOf(columns.i ?? [])) sum += Number(value);
        return sum;
      }),
    );

    expect(sums).toEqual([49_995_000, 49_995_000]);
  });

  it('refuses a column of timestamps, and one that is not there', async () => {
    await expect(setup({ columns: ['at'] })).rejects.toBeInstanceOf(BadSpecError);
    await expect(setup({ columns: ['I'] })).rejects.toThrow(
      "the column 'I' is not a column of the data set; the nearest are: 'i'",
    );
  });
});
