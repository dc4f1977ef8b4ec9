import { trainSpec } from '../../../shared/contracts/kinds/train';
import { tuneSpec } from '../../../shared/contracts/kinds/tune';

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

  const table = { name: 'adamw', learning_rate: 0.003, weight_decay: 0.3 };

  it.each([
    ['no family named', undefined, table, undefined],
    ['linear', { family: 'linear' }, table, undefined],
    ['mlp', { family: 'mlp' }, table, undefined],
    ['cnn', { family: 'cnn' }, { learning_rate: 0.001, weight_decay: 0.01 }, undefined],
    ['rnn', { family: 'rnn' }, { learning_rate: 0.001, weight_decay: 0.01 }, undefined],
    [
      'transformer',
      { family: 'transformer', form: 'encoder' },
      { learning_rate: 0.001, weight_decay: 0.1 },
      { global_norm: 1 },
    ],
    [
      'finetune',
      { family: 'finetune', from: { name: 'm' } },
      { learning_rate: 0.0002, weight_decay: 0.01 },
      undefined,
    ],
  ])('fills in how a family is trained: %s', (_, model, optimizer, clipping) => {
    const { register, ...common } = { ...sound, model };

    const parsed = trainSpec.parse({ ...common, register });
    const { train: ofTrials } = tuneSpec.parse({
      train: common,
      space: { 'optimizer.learning_rate': { min: 0.001, max: 0.1 } },
      register,
    });

    for (const spec of [parsed, ofTrials]) {
      expect(spec.optimizer).toMatchObject({ name: 'adamw', beta2: 0.999, ...optimizer });
      expect(spec.clipping).toEqual(clipping);
    }
    expect(trainSpec.parse(parsed)).toEqual(parsed);
  });

  it('leaves an optimizer as it is given, and clipping away beside it', () => {
    const model = { family: 'transformer', form: 'encoder' };

    const parsed = trainSpec.parse({ ...sound, model, optimizer: { name: 'sgd' } });

    expect(parsed.optimizer).toMatchObject({ name: 'sgd', learning_rate: 0.01, weight_decay: 0 });
    expect(parsed.clipping).toBeUndefined();
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
