import { checkTestColumns, chooseFeatures } from '../../../jobs/training/choose-features';
import { BadSpecError } from '../../../shared/errors/job-errors';

function setup() {
  const columns = [
    { name: 'Age', type: 'integer' as const },
    { name: 'Island', type: 'text' as const },
    { name: 'Species', type: 'text' as const },
  ];
  return { columns };
}

const caught = (work: () => unknown): BadSpecError => {
  try {
    work();
  } catch (error) {
    if (error instanceof BadSpecError) return error;
  }
  throw new Error('nothing was refused');
};

describe('chooseFeatures', () => {
  it.each([
    ['all but the target', undefined, ['Age', 'Island']],
    ['those that are included, in the order of the data', { include: ['Island', 'Age'] }, ['Age', 'Island']],
    ['all without those that are excluded', { exclude: ['Age'] }, ['Island']],
  ])('takes %s', (_, features, expected) => {
    const table = setup();

    const chosen = chooseFeatures(table, { target: 'Species', features });

    expect(chosen).toEqual(expected);
  });

  it('refuses names that are not there, each with its place and what was meant', () => {
    const table = setup();

    const error = caught(() =>
      chooseFeatures(table, { target: 'species', features: { include: ['age'], exclude: ['Isle'] } }),
    );

    expect(error.details.errors?.map(({ pointer }) => pointer)).toEqual([
      '/target',
      '/features/include/0',
      '/features/exclude/0',
    ]);
    expect(error.message).toMatch(/'species' is not a column of the data set; the nearest are: 'Species'/);
  });

  it.each([
    ['the target as a feature', { include: ['Age', 'Species'] }, /'Species' is the target/],
    ['a choice that leaves nothing', { exclude: ['Age', 'Island'] }, /no column to learn from/],
  ])('refuses %s', (_, features, message) => {
    const table = setup();

    const error = caught(() => chooseFeatures(table, { target: 'Species', features }));

    expect(error.message).toMatch(message);
  });

  it('refuses a data set to test on that lacks a column', () => {
    const table = setup();

    const error = caught(() => checkTestColumns(table, ['Age', 'Species', 'Sex']));

    expect(error.message).toMatch(/the test data set lacks columns that the model needs: 'Sex'/);
  });
});
