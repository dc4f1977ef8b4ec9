import { linearNetwork, mlpNetwork } from '../../../jobs/training/families/tabular';
import { initialParameters } from '../../../jobs/training/initial-weights';
import { mlpSpec } from '../../../shared/contracts/training/model-spec';

const setup = (activation: 'relu' | 'tanh' = 'relu', silentFeatures: number[] = []) =>
  mlpNetwork(mlpSpec.parse({ family: 'mlp', hidden_units: [50], activation }), {
    inputs: 200,
    outputs: 10,
    silentFeatures,
  }).parameters;

const numbers = (tensors: ReturnType<typeof initialParameters>, index: number) =>
  Array.from(tensors[index]?.data ?? [], Number);

describe('initialParameters', () => {
  it('are the same for the same seed, and others for another', () => {
    const parameters = setup();

    const [one, again, other] = [1, 1, 2].map((seed) => initialParameters(parameters, seed));

    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it.each([
    ['He', 'relu' as const, Math.sqrt(6 / 200)],
    ['Glorot', 'tanh' as const, Math.sqrt(6 / 250)],
  ])('spread as %s asks before %s', (_, activation, limit) => {
    const parameters = setup(activation);

    const weights = numbers(initialParameters(parameters, 5), 0);

    const deviation = Math.sqrt(weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length);
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(deviation / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
  });

  it('start biases, linear models and what no training row has at zero', () => {
    const parameters = setup('relu', [3]);
    const linear = linearNetwork({ inputs: 2, outputs: 2 }).parameters;

    const weights = initialParameters(parameters, 1);
    const linearWeights = initialParameters(linear, 1);

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
