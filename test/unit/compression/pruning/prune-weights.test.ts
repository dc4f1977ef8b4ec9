import { pruneWeights } from '../../../../jobs/compression/pruning/prune-weights';
import { findSparseWeights } from '../../../../jobs/compression/pruning/sparse-weights';
import { constant, floats, input, operation } from '../../../../shared/onnx/build';
import type { Model } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { mlpOf, randomLayers } from '../../../support/random-mlp';
import { applyMask, zeroMask } from '../../../support/zero-mask';

const mlp = (seed = 1) => mlpOf(randomLayers([8, 12, 6], { seed }));

const zerosIn = (of: Model): number[] =>
  zeroMask(of).map(({ zeros }) => zeros.reduce((sum, each) => sum + each, 0));

/** Weights `[8, 2]` by rows; products are summed down the columns. */
function matrix(values: readonly number[]): Model {
  const x = input('x', 'float', ['batch', 8]);
  const y = operation('MatMul', [x, constant(floats([8, 2], values), 'w')]);
  return model({ graph: { name: 'test', inputs: [x], outputs: [{ name: 'y', value: y }] } });
}

const weightsOf = (of: Model): number[] =>
  findSparseWeights(of).flatMap(({ weight: { tensor } }) => Array.from(tensor.data, Number));

describe('zeros in weights', () => {
  it.each(['global', 'uniform'] as const)('are as many as are asked for: %s', async (ranking) => {
    const whole = mlp();

    const { model: pruned } = await pruneWeights({ pattern: 'unstructured', fraction: 0.75, ranking }).apply(
      whole,
    );

    const [first = 0, second = 0] = zerosIn(pruned);
    expect(first + second).toBe(0.75 * (96 + 72));
    if (ranking === 'uniform') expect([first, second]).toEqual([72, 54]);
    expect(writeModel(pruned).length).toBe(writeModel(whole).length);
    expect(zerosIn(whole)).toEqual([0, 0]);
  });

  it('are the least weights, counted exactly where many are alike', async () => {
    const whole = matrix([1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9]);

    const { model: pruned } = await pruneWeights({ pattern: 'unstructured', fraction: 0.25 }).apply(whole);

    expect(weightsOf(pruned)).toEqual([0, 9, 0, 9, 0, 9, 0, 9, 1, 9, 1, 9, 1, 9, 1, 9]);
  });

  it('are two of each four that a product is summed over', async () => {
    const whole = matrix([1, 8, 2, 7, 3, 6, 4, 5, 5, 4, 6, 3, 7, 2, 8, 1]);

    const { model: pruned } = await pruneWeights({ pattern: '2:4', fraction: 0.5 }).apply(whole);

    expect(weightsOf(pruned)).toEqual([0, 8, 0, 7, 3, 0, 4, 0, 0, 4, 0, 3, 7, 0, 8, 0]);
  });

  it('go by the importance that is given', async () => {
    const whole = matrix([...Array(16).keys()].map((value) => value + 1));
    const [only] = findSparseWeights(whole);
    const importance = new Map(
      only ? [[only.weight, Float32Array.from({ length: 16 }, (_, at) => 16 - at)]] : [],
    );

    const { model: pruned } = await pruneWeights({
      pattern: 'unstructured',
      fraction: 0.5,
      importance,
    }).apply(whole);

    expect(weightsOf(pruned)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('come back after training', async () => {
    const { model: pruned } = await pruneWeights({ pattern: 'unstructured', fraction: 0.5 }).apply(mlp());
    const mask = zeroMask(pruned);
    const trained = mlp(2);

    const projected = applyMask(trained, mask);

    expect(zerosIn(trained)).toEqual([0, 0]);
    expect(zeroMask(projected)).toEqual(mask);
    expect(weightsOf(projected).filter((value) => value !== 0)).toEqual(
      weightsOf(trained).filter((_, at) => weightsOf(projected)[at] !== 0),
    );
  });

  it('refuses the mask of another model', () => {
    expect(() => applyMask(mlp(), zeroMask(mlpOf(randomLayers([8, 11, 6]))))).toThrow(
      'the mask is of a model with 2 weights of other sizes',
    );
  });

  it.each([0, 1, 1.5, Number.NaN])('refuses a fraction of %d', (fraction) => {
    expect(() => pruneWeights({ pattern: 'unstructured', fraction }).apply(mlp())).toThrow(
      'over 0 and under 1',
    );
  });
});
