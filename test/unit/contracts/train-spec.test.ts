import { trainSpec } from '../../../shared/contracts/kinds/train';

const sound = {
  dataset: 'ds_01J00000000000000000000000',
  target: 'y',
  register: { name: 'm' },
};

describe('trainSpec', () => {
  it('takes early stopping with rows to validate on', () => {
    const parsed = trainSpec.parse({ ...sound, early_stopping: {} });

    expect(parsed.early_stopping).toEqual({ patience: 10, min_delta: 0 });
  });

  it.each([
    [
      'early stopping without rows to validate on',
      { early_stopping: {}, validation_fraction: 0 },
      ['early_stopping'],
    ],
    [
      'an epsilon that is zero in float32',
      { optimizer: { name: 'adam', epsilon: 1e-60 } },
      ['optimizer', 'epsilon'],
    ],
  ])('refuses %s', (_, given, path) => {
    const { error } = trainSpec.safeParse({ ...sound, ...given });

    expect(error?.issues.map((issue) => issue.path)).toEqual([path]);
  });
});
