import { initialWeights } from '../../../jobs/training/initial-weights';
import { networkOf } from '../../../jobs/training/layers';

const setup = (activation: 'relu' | 'tanh' = 'relu') =>
  networkOf({ family: 'mlp', hidden_units: [50], activation }, { inputs: 200, outputs: 10 }).parameters;

const numbers = (tensors: ReturnType<typeof initialWeights>, index: number) =>
  Array.from(tensors[index]?.data ?? [], Number);

describe('initialWeights', () => {
  it('are the same for the same seed, and others for another', () => {
    const parameters = setup();

    const [one, again, other] = [1, 1, 2].map((seed) => initialWeights(parameters, { seed }));

    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it.each([
    ['He', 'relu' as const, Math.sqrt(6 / 200)],
    ['Glorot', 'tanh' as const, Math.sqrt(6 / 250)],
  ])('spread as %s asks before %s', (_, activation, limit) => {
    const parameters = setup(activation);

    const weights = numbers(initialWeights(parameters, { seed: 5 }), 0);

    const deviation = Math.sqrt(weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length);
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(deviation / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
  });

  it('start biases, linear models and what no training row has at zero', () => {
    const parameters = setup();
    const linear = networkOf({ family: 'linear' }, { inputs: 2, outputs: 2 }).parameters;

    const weights = initialWeights(parameters, { seed: 1, silentFeatures: [3] });
    const linearWeights = initialWeights(linear, { seed: 1 });

    expect(numbers(weights, 1).every((value) => value === 0)).toBe(true);
    expect(
      numbers(weights, 0)
        .slice(150, 200)
        .every((value) => value === 0),
    ).toBe(true);
    expect(
      numbers(weights, 0)
        .slice(200, 250)
        .some((value) => value !== 0),
    ).toBe(true);
    expect(numbers(linearWeights, 0)).toEqual([0, 0, 0, 0]);
  });
});
