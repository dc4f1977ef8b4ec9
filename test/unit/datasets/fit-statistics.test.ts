import { fitStatistics } from '../../../jobs/datasets/fit-statistics';
import type { Table } from '../../../jobs/datasets/open-table';
import { splitTable } from '../../../jobs/datasets/split-table';
import { tableOf } from './ingest-bytes';

const tables: Table[] = [];
afterEach(() => Promise.all(tables.splice(0).map((table) => table.close())));

async function statisticsOf(columns: Record<string, readonly (string | number)[]>, testFraction = 0) {
  const names = Object.keys(columns);
  const rows = columns[names[0] ?? '']?.length ?? 0;
  const lines = Array.from({ length: rows }, (_, row) =>
    [...names.map((name) => columns[name]?.[row]), row / 2].join(),
  );
  const table = await tableOf(`${[...names, 'y'].join()}\n${lines.join('\n')}\n`);
  tables.push(table);
  const split = await splitTable(table, {
    target: 'y',
    task: 'regression',
    validationFraction: 0,
    testFraction,
    seed: 0,
  });
  return fitStatistics(split, names);
}

const times = <T>(count: number, value: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => value(index));

describe('statistics for preprocessing', () => {
  it('are median, mean and deviation of numbers, and of booleans as 0 and 1', async () => {
    const fitted = await statisticsOf({ n: [1, 2, 'NA', 4, 9], b: ['true', 'false', 'true', '', 'true'] });

    expect(fitted).toEqual([
      { name: 'n', kind: 'number', missing: 1, median: 3, mean: 4, standardDeviation: Math.sqrt(9.5) },
      {
        name: 'b',
        kind: 'number',
        missing: 1,
        median: 1,
        mean: 0.75,
        standardDeviation: expect.closeTo(Math.sqrt(0.1875), 14),
      },
    ]);
  });

  it('are the frequent values of a text, ties by value', async () => {
    const fitted = await statisticsOf({ t: ['b', 'a', 'c', 'b', 'a', '', 'd', 'b'] });

    expect(fitted).toEqual([
      {
        name: 't',
        kind: 'category',
        missing: 1,
        categories: [
          { value: 'b', count: 3 },
          { value: 'a', count: 2 },
          { value: 'c', count: 1 },
          { value: 'd', count: 1 },
        ],
      },
    ]);
  });

  it('list at most 128 categories', async () => {
    const [fitted] = await statisticsOf({ t: times(1_000, (row) => `k${row % 300}`) });

    expect(fitted?.kind === 'category' && fitted.categories.length).toBe(128);
  });

  it('do not leak the rows of other parts', async () => {
    const [fitted] = await statisticsOf({ n: times(1_000, (row) => row) }, 0.5);

    expect(fitted).toMatchObject({ kind: 'number', missing: 0 });
    expect(fitted?.kind === 'number' && fitted.mean).not.toBe(499.5);
  });

  it('bear values whose squares leave the range of a double', async () => {
    const [fitted] = await statisticsOf({ n: ['1e300', '-1e300', '1e300', '-1e300'] });

    expect(fitted).toEqual({
      name: 'n',
      kind: 'number',
      missing: 0,
      median: 0,
      mean: 0,
      standardDeviation: 1e300,
    });
  });

  it.each([
    { what: 'a constant number', values: [5, 5, 5, 5], why: /^it is constant: every value is 5$/ },
    { what: 'a constant text', values: ['k', 'k', 'k'], why: /^it is constant/ },
    { what: 'a column that is all missing', values: ['', 'NA', ''], why: /^all its values are missing$/ },
    {
      what: 'ids',
      values: times(50, (row) => `id-${row}`),
      why: /^it reads like an id or free text: 50 of 50 values are distinct$/,
    },
    { what: 'timestamps', values: ['2024-01-01', '2024-01-02'], why: /^it holds timestamps/ },
  ])('say why $what is of no use', async ({ values, why }) => {
    const fitted = await statisticsOf({ c: values, d: values.map((_, row) => row) });

    expect(fitted[0]).toEqual({ name: 'c', kind: 'unused', why: expect.stringMatching(why) });
    expect(fitted[1]?.kind).toBe('number');
  });
});
