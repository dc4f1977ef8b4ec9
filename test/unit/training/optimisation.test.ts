import { optimisationOf } from '../../../jobs/training/optimisation';
import { descend } from '../../../jobs/training/optimizers/gradient-transformation';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import { floats, input } from '../../../shared/onnx/build';
import type { InputValue, Tensor } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

/** As imported models have them: the bias has two axes, and a weight has one. */
const parameters = [
  { name: 'weight', dims: [2], initialiser: 'ones', decays: true },
  { name: 'bias', dims: [1, 2], initialiser: 'ones', decays: false },
  { name: 'own.weight', dims: [2, 1], initialiser: 'ones' },
  { name: 'own.bias', dims: [2], initialiser: 'ones' },
] as const;

/** Every parameter after one step without a gradient. */
async function stepped(optimizer: object): Promise<number[][]> {
  const spec = trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target: 'y',
    optimizer: { name: 'sgd', learning_rate: 0.1, weight_decay: 0.5, ...optimizer },
    schedule: { name: 'constant' },
    register: { name: 'm' },
  });
  const { optimizer: made } = optimisationOf(spec, 10, { log: () => undefined, parameters });
  const values = parameters.map(({ name, dims }) => input(`parameter.${name}`, 'float', dims));
  const gradients = parameters.map(({ name, dims }) => input(`gradient.${name}`, 'float', dims));
  const initial = made.init(values);
  const states = initial.map(({ tensor: { elementType, dims } }, index) =>
    input(`state_${index}`, elementType, dims),
  );
  const { updates } = made.update({ values: gradients }, states, values);
  const full = ({ type }: InputValue, value: number): Tensor =>
    floats(type.kind === 'tensor' ? (type.shape ?? []).map(Number) : [], [value, value]);
  const feeds = new Map<InputValue, Tensor>([
    ...values.map((value) => [value, full(value, 1)] as const),
    ...gradients.map((value) => [value, full(value, 0)] as const),
    ...states.flatMap((value, index) => (initial[index] ? [[value, initial[index].tensor] as const] : [])),
  ]);
  const wanted = Object.fromEntries(descend(values, updates).map((value, index) => [`p${index}`, value]));
  const results = await runGraph(feeds, wanted);
  return Object.keys(wanted).map((name) => Array.from(results[name]?.data ?? [], Number));
}

describe('optimisationOf', () => {
  it.each([
    ['what the parameters say, or their axes', {}, [0.95, 1, 0.95, 1]],
    ['not what is excluded by name', { decay_exclude: ['*weight'] }, [1, 1, 1, 1]],
  ])('decays %s', async (_, optimizer, expected) => {
    const values = await stepped(optimizer);

    expect(values).toEqual(expected.map((value) => [expect.closeTo(value, 5), expect.closeTo(value, 5)]));
  });
});
