import { refuseLoss } from '../../../functions/usecases/refuse-loss';
import type { DatasetColumn } from '../../../shared/contracts/dataset';
import { lossSpec } from '../../../shared/contracts/training/loss-spec';
import { BadSpecError } from '../../../shared/errors/job-errors';

const columns: DatasetColumn[] = [
  {
    name: 'species',
    type: 'text',
    missing: 0,
    distinct: 3,
    top_values: ['Adelie', 'Gentoo', 'Chinstrap'].map((value) => ({ value, count: 9 })),
  },
  { name: 'alive', type: 'boolean', missing: 0, distinct: 2 },
  { name: 'mass', type: 'number', missing: 0, distinct: 90 },
];

const refuse = (target: string, loss: object, task?: 'classification' | 'regression') =>
  refuseLoss({ target, task, loss: lossSpec.parse(loss) }, { columns });

describe('refuseLoss', () => {
  it.each<[string, string, object]>([
    ['two classes', 'alive', { name: 'binary_cross_entropy' }],
    ['classes that there are', 'species', { name: 'cross_entropy', class_weights: { Gentoo: 2 } }],
    ['a number, whose task is not known yet', 'mass', { name: 'huber' }],
    ['what is not known to be classes', 'mass', { name: 'binary_cross_entropy' }],
  ])('lets a loss pass for %s', (_, target, loss) => {
    expect(() => refuse(target, loss)).not.toThrow();
  });

  it.each<[string, () => void, string, string]>([
    [
      'a loss of numbers for classes',
      () => refuse('species', { name: 'huber' }),
      '/spec/loss/name',
      "'huber' is a loss of a regression, and this is a classification; give one of 'cross_entropy', 'binary_cross_entropy', 'kl_divergence'",
    ],
    [
      'a loss of classes for numbers',
      () => refuse('mass', { name: 'cross_entropy' }, 'regression'),
      '/spec/loss/name',
      "'cross_entropy' is a loss of a classification, and this is a regression; give one of 'mean_squared_error', 'mean_absolute_error', 'huber'",
    ],
    [
      'one logit for three classes',
      () => refuse('species', { name: 'binary_cross_entropy' }),
      '/spec/loss/name',
      "'binary_cross_entropy' tells two classes apart, and the target has 3; give 'cross_entropy'",
    ],
    [
      'the weight of a class that is not there',
      () => refuse('species', { name: 'cross_entropy', class_weights: { 'Gen/too': 2 } }),
      '/spec/loss/class_weights/Gen~1too',
      "'Gen/too' is not a class of the target; its classes are 'Adelie', 'Gentoo', 'Chinstrap'",
    ],
  ])('refuses %s', (_, act, pointer, detail) => {
    const thrown = (() => {
      try {
        return act();
      } catch (error) {
        return error;
      }
    })();

    expect(thrown).toBeInstanceOf(BadSpecError);
    expect(thrown).toHaveProperty('message', `the loss does not fit the target: ${detail}`);
    expect(thrown).toHaveProperty('details.errors', [{ pointer, detail }]);
  });
});
