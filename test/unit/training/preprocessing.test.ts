import type { ColumnStatistics } from '../../../jobs/datasets/fit-statistics';
import { preprocessing } from '../../../jobs/training/preprocessing';
import { floats, tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const age: ColumnStatistics = {
  name: 'age',
  kind: 'number',
  missing: 1,
  median: 30,
  mean: 40,
  standardDeviation: 10,
};
const mass: ColumnStatistics = {
  name: 'mass',
  kind: 'number',
  missing: 0,
  median: 2,
  mean: 2,
  standardDeviation: 0.5,
};
const island: ColumnStatistics = {
  name: 'island',
  kind: 'category',
  missing: 2,
  categories: [
    { value: 'Biscoe', count: 5 },
    { value: 'Dream', count: 3 },
  ],
};

interface Setup {
  columns: ColumnStatistics[];
  rows: Record<string, Tensor>;
  trainingRows?: number;
}

async function setup({ columns, rows, trainingRows = 10 }: Setup) {
  const fitted = preprocessing(columns, trainingRows);
  const given = new Map(fitted.inputs.map((value) => [value, rows[value.name] ?? floats([0], [])]));
  const { features } = await runGraph(given, { features: fitted.features });
  return { fitted, features: Array.from(features?.data ?? [], Number), dims: features?.dims };
}

describe('preprocessing', () => {
  it('imputes the median and standardises numbers', async () => {
    const rows = { age: floats([3], [50, Number.NaN, 40]), mass: floats([3], [2, 1, Number.NaN]) };

    const { features, dims, fitted } = await setup({ columns: [age, mass], rows });

    expect(dims).toEqual([3, 2]);
    expect(features).toEqual([1, 0, -1, -2, 0, 0]);
    expect(fitted.names).toEqual(['age', 'mass']);
    expect(fitted.silent).toEqual([]);
  });

  it.each([
    [
      'varies less than float32 can tell at its size',
      { mean: 2 ** 30, standardDeviation: 1e-3 },
      2 ** 30 + 64,
      0.5,
    ],
    ['varies by less than any normal float32', { mean: 0, standardDeviation: 1e-44 }, 1e-44, 1e-6],
  ])('keeps a column small that %s', async (_, statistics, value, largest) => {
    const column = { ...mass, ...statistics, median: statistics.mean };

    const { features } = await setup({ columns: [column], rows: { mass: floats([1], [value]) } });

    expect(Math.abs(features[0] ?? Number.NaN)).toBeLessThanOrEqual(largest);
  });

  it('keeps what is absurdly far from all training rows within what a network can compute with', async () => {
    const rows = { age: floats([4], [3e38, -3e38, Number.POSITIVE_INFINITY, 1e5]) };

    const { features } = await setup({ columns: [age], rows });

    expect(features).toEqual([65_536, -65_536, 65_536, 9996]);
  });

  it('gives categories, a missing value and values never seen a feature each', async () => {
    const rows = { island: tensor('string', [4], ['Dream', '', 'Torgersen', 'Biscoe']) };

    const { features, fitted } = await setup({ columns: [island], rows });

    // biome-ignore format: one row a line
    expect(features).toEqual([
      0, 1, 0, 0,
      0, 0, 1, 0,
      0, 0, 0, 1,
      1, 0, 0, 0,
    ]);
    expect(fitted.names).toEqual(['island=Biscoe', 'island=Dream', 'island (missing)', 'island (unseen)']);
  });

  it('counts a missing value as never seen where no training row had one', async () => {
    const rows = { island: tensor('string', [1], ['']) };

    const { features, fitted } = await setup({ columns: [{ ...island, missing: 0 }], rows, trainingRows: 8 });

    expect(features).toEqual([0, 0, 1]);
    expect(fitted.silent).toEqual([2]);
  });

  it('knows that the last feature is learned where rare categories fall into it', async () => {
    const rows = { island: tensor('string', [1], ['rare']) };

    const { fitted } = await setup({ columns: [island], rows, trainingRows: 11 });

    expect(fitted.silent).toEqual([]);
  });

  it('keeps the order of the columns for its inputs, and puts numbers first among the features', async () => {
    const rows = { island: tensor('string', [1], ['Dream']), age: floats([1], [40]) };

    const { fitted, features } = await setup({ columns: [island, age], rows });

    expect(fitted.inputs.map(({ name }) => name)).toEqual(['island', 'age']);
    expect(features).toEqual([0, 0, 1, 0, 0]);
  });
});
