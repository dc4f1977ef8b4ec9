import { openTable } from '../../../../jobs/datasets/open-table';
import { splitTable } from '../../../../jobs/datasets/split-table';
import { prepareFamily } from '../../../../jobs/training/families/index';
import { trainSpec } from '../../../../shared/contracts/kinds/train';
import { folderJobContext } from '../../../support/folder-job-context';
import { ingestRows, type Row } from '../../../support/penguins';

const rows = 80;
const rowsOf = (row: (place: number) => Row): Row[] =>
  Array.from({ length: rows }, (_, place) => ({ class: place % 2 ? 'odd' : 'even', ...row(place) }));

/** Numbers around 1000 with deviation 10, in lists of so many. */
const numbers = (place: number, count: number) =>
  Array.from({ length: count }, (_, at) => 1000 + ((place + at) % 2 ? 10 : -10) + 0.5 * ((place * at) % 2));

async function setup(data: readonly Row[], model: object, more: object = {}) {
  const context = await folderJobContext();
  const table = await openTable({ data: await ingestRows(data, context.folder), scratch: context.scratch });
  const fractions = { validationFraction: 0, testFraction: 0 };
  const split = await splitTable(table, { target: 'class', task: 'classification', ...fractions, seed: 1 });
  const spec = trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target: 'class',
    model,
    register: { name: 'm' },
    ...more,
  });
  const features = table.columns.map(({ name }) => name).filter((name) => name !== 'class');
  const remove = async () => {
    await table.close();
    await context.remove();
  };
  const prepare = () =>
    prepareFamily(spec.model.family, { spec, model: spec.model, split, features, context });
  return { prepare, remove };
}

describe('what is known of stored rows', () => {
  it('has no deviation for one-hot features, and 1 for numbers, which come first', async () => {
    const { prepare, remove } = await setup(
      rowsOf((place) => ({ colour: `c${place % 3}`, size: place, weight: place * place })),
      { family: 'linear' },
    );

    const { features, featureNames } = await prepare();

    expect(featureNames?.slice(0, 2)).toEqual(['size', 'weight']);
    expect(features.deviations).toEqual([1, 1, 0, 0, 0, 0]);
    await remove();
  });

  it.each([
    {
      what: 'sequences of several lengths',
      model: { family: 'rnn', hidden_units: 4 },
      lengthOf: (place: number) => 3 + (place % 3),
      padded: true,
    },
    {
      what: 'sequences of one length',
      model: { family: 'rnn', hidden_units: 4 },
      lengthOf: () => 5,
      padded: false,
    },
    { what: 'images of floats', model: { family: 'cnn' }, lengthOf: () => 64, padded: undefined },
  ])('has the deviation of numbers that the network itself normalises: $what', async (given) => {
    const { model, lengthOf, padded } = given;
    const data = rowsOf((place) => ({ list: numbers(place, lengthOf(place)) }));
    const { prepare, remove } = await setup(data, model);

    const { features } = await prepare();

    expect(features.padded).toBe(padded);
    expect(features.deviations).toEqual([expect.closeTo(10, 0)]);
    await remove();
  });
});
