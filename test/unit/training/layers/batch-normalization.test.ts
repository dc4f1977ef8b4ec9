import { batchNormalization } from '../../../../jobs/training/layers/batch-normalization';
import { forward, predict } from '../../../../jobs/training/network';
import { randomSource } from '../../../../jobs/training/random';
import { constant, floats, input, tensor } from '../../../../shared/onnx/build';
import type { Tensor } from '../../../../shared/onnx/ir';
import { runGraph } from '../../../support/run-graph';

const network = batchNormalization('norm', 2);
const weights = {
  parameters: [constant(floats([2], [1, 2])), constant(floats([2], [0, 1]))],
  statistics: [constant(floats([2], [0, 0])), constant(floats([2], [1, 1]))],
};
const rounded = (value: Tensor | undefined, digits: number) =>
  Array.from(value?.data ?? [], Number).map((number) => Number(number.toFixed(digits)));

function setup(dims: readonly number[]) {
  const x = input('x', 'float', dims);
  const count = dims.reduce((product, size) => product * size, 1);
  const values = floats(
    dims,
    Float32Array.from({ length: count }, (_, index) => Math.cos(index + 1) * 3),
  );
  return { x, given: new Map([[x, values]]) };
}

/** What PyTorch 2's BatchNorm1d and BatchNorm2d make of the same values and weights. */
const cases = [
  {
    what: 'rows of features',
    dims: [4, 2],
    learning: [0.58082, -0.14051, -1.67889, -0.90922, 0.20185, 4.31423, 0.89623, 0.7355],
    mean: [0.044091, -0.019134],
    variance: [1.450334, 1.358176],
    predicting: [1.30932, -1.10965, -2.50275, -2.33238, 0.67001, 5.97617, 1.84141, 0.28375],
  },
  {
    what: 'images',
    dims: [2, 2, 2, 2],
    learning: [
      1.29577, -0.17442, -1.0565, -0.53948, 1.39785, 3.37286, 2.77068, 0.14495, -0.93527, -0.82451, 0.47205,
      1.76236, 3.21894, 0.96892, -1.64812, -2.22608,
    ],
    mean: [-0.090803, 0.044215],
    variance: [1.335323, 1.382728],
    predicting: [
      1.48127, -1.00179, -2.49157, -1.61837, 2.37218, 5.82405, 4.77157, 0.18239, -2.28683, -2.09976, 0.09007,
      2.26933, 5.55503, 1.6225, -2.9515, -3.96164,
    ],
  },
];

describe('batch normalization', () => {
  it.each(cases)('normalises $what and keeps running statistics as PyTorch does', async (expected) => {
    const { x, given } = setup(expected.dims);
    const random = randomSource(1, constant(tensor('int64', [], [0])));
    const pass = forward(network, x, { weights, random });
    const [mean, variance] = pass.statistics;
    if (!mean || !variance) throw new Error('statistics were expected');

    const learned = await runGraph(given, { y: pass.outputs, mean, variance });
    const after = [learned.mean, learned.variance].map((value) => constant(value ?? floats([2], [0, 0])));
    const told = await runGraph(given, { y: predict(network, x, { ...weights, statistics: after }) });

    const digits = (values: readonly number[], places: number) =>
      values.map((value) => expect.closeTo(value, places));
    expect(rounded(learned.y, 6)).toEqual(digits(expected.learning, 4));
    expect(rounded(learned.mean, 6)).toEqual(digits(expected.mean, 5));
    expect(rounded(learned.variance, 6)).toEqual(digits(expected.variance, 5));
    expect(rounded(told.y, 6)).toEqual(digits(expected.predicting, 4));
  });
});
