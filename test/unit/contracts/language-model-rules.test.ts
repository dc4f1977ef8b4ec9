import { trainSpec } from '../../../shared/contracts/kinds/train';

const rowsOnly = {
  task: 'classification',
  features: { include: ['x'] },
  loss: { name: 'huber' },
  augmentation: { noise: 0.1 },
};

const specOf = (given: object) => ({
  dataset: 'ds_01J00000000000000000000000',
  target: 'text',
  register: { name: 'm' },
  ...given,
});

const decoder = { family: 'transformer', form: 'decoder' };

describe('trainSpec of a language model', () => {
  it('refuses what is for the rows of a table, each field by its path', () => {
    const { error } = trainSpec.safeParse(specOf({ model: decoder, ...rowsOnly }));

    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'task',
      'features',
      'loss.name',
      'augmentation',
    ]);
  });

  it('refuses weights of classes', () => {
    const loss = { name: 'cross_entropy', class_weights: 'balanced' };

    const { error } = trainSpec.safeParse(specOf({ model: decoder, loss }));

    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['loss.class_weights']);
  });

  it('takes label smoothing', () => {
    const loss = { name: 'cross_entropy', label_smoothing: 0.1 };

    expect(trainSpec.safeParse(specOf({ model: decoder, loss })).success).toBe(true);
  });

  it('leaves an encoder all of them', () => {
    const encoder = { family: 'transformer', form: 'encoder' };

    expect(trainSpec.safeParse(specOf({ model: encoder, ...rowsOnly })).success).toBe(true);
  });
});
