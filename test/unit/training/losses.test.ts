import { differentiate } from '../../../jobs/autodiff/differentiate';
import { sumOf } from '../../../jobs/training/graph-math';
import { absoluteError } from '../../../jobs/training/losses/absolute-error';
import { binaryCrossEntropy } from '../../../jobs/training/losses/binary-cross-entropy';
import { crossEntropy, softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { distillation } from '../../../jobs/training/losses/distillation';
import { huber } from '../../../jobs/training/losses/huber';
import type { Loss } from '../../../jobs/training/losses/loss';
import { lossOf } from '../../../jobs/training/losses/loss-of';
import { squaredError } from '../../../jobs/training/losses/squared-error';
import type { TargetEncoding } from '../../../jobs/training/target-encoding';
import { lossSpec } from '../../../shared/contracts/training/loss-spec';
import { floats, input, tensor } from '../../../shared/onnx/build';
import { divide, multiply } from '../../../shared/onnx/expressions';
import type { Tensor } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const numbersOf = (value: Tensor | undefined) => Array.from(value?.data ?? [], Number);

/** The mean over the rows as training takes it, its gradient, and the scores. */
async function measured(loss: Loss, given: { outputs: Tensor; targets: Tensor }) {
  const outputs = input('outputs', 'float', given.outputs.dims);
  const targets = input('targets', given.targets.elementType, given.targets.dims);
  const rows = loss.perRow(outputs, targets);
  const weights = loss.rowWeights?.(targets) ?? input('ones', 'float', [given.outputs.dims[0] ?? 0]);
  const mean = divide(sumOf(multiply(rows, weights)), sumOf(weights));
  const [gradient = mean] = differentiate(mean, [outputs]);
  const ones = floats([given.outputs.dims[0] ?? 0], new Float32Array(given.outputs.dims[0] ?? 0).fill(1));
  const feeds = new Map([
    [outputs, given.outputs],
    [targets, given.targets],
  ]);
  if (weights.kind === 'input') feeds.set(weights, ones);
  const results = await runGraph(feeds, { mean, gradient, score: loss.score(outputs, targets) });
  return {
    mean: numbersOf(results.mean)[0] ?? Number.NaN,
    gradient: numbersOf(results.gradient),
    score: numbersOf(results.score),
  };
}

const logits = [1.5, -0.3, 0.2, 0.1, 2, -1, -0.5, 0.4, 0.3, 3, -2, 0.7];
const teacher = [2, -1, 0.5, 0, 1, 0.3, -1, -0.5, 2, 0.4, 0.1, -0.2];
const labels = [2, 1, 0, 1];
const ofClasses = { outputs: floats([4, 3], logits), targets: tensor('int64', [4], labels) };
const ofTokens = { outputs: floats([2, 2, 3], logits), targets: tensor('int64', [2, 2], labels) };
const oneLogit = floats([4, 1], [1.5, -0.3, 2, -4]);
const ofTwo = { outputs: oneLogit, targets: tensor('int64', [4], [1, 1, 0, 0]) };
const ofNumbers = { outputs: oneLogit, targets: floats([4], [1, 0.2, -1, -4]) };
const ofTeacher = {
  outputs: floats([4, 3], logits),
  targets: floats(
    [4, 4],
    labels.flatMap((label, row) => [label, ...teacher.slice(3 * row, 3 * row + 3)]),
  ),
};

type Given = Parameters<typeof measured>[1];

const crossEntropyGradient = [
  0.17387305, 0.02874102, -0.20261407, 0.03117687, -0.04155475, 0.01037788, -0.20602574, 0.10815923,
  0.09786651, 0.22583625, -0.24847833, 0.02264208,
];

describe('losses', () => {
  // torch.nn.functional of PyTorch 2.15 in float64: cross_entropy, binary_cross_entropy_with_logits, mse_loss, l1_loss,
  // huber_loss, and kl_div(log_target) of batchmean
  it.each<[string, Loss, Given, number, number[]]>([
    ['cross entropy', softmaxCrossEntropy, ofClasses, 2.1711068, crossEntropyGradient],
    ['cross entropy along sequences', softmaxCrossEntropy, ofTokens, 2.1711068, crossEntropyGradient],
    [
      'cross entropy with smoothed labels',
      crossEntropy({ labelSmoothing: 0.1 }),
      ofClasses,
      2.12694014,
      [
        0.16553971, 0.02040769, -0.1859474, 0.02284354, -0.02488808, 0.00204454, -0.18935907, 0.09982589,
        0.08953318, 0.21750291, -0.23181166, 0.01430875,
      ],
    ],
    [
      'cross entropy with class weights',
      crossEntropy({ classWeights: [0.5, 2, 1.25] }),
      ofClasses,
      2.35038576,
      [
        0.15119395, 0.02499219, -0.17618615, 0.04337651, -0.0578153, 0.01443879, -0.07166113, 0.0376206,
        0.03404053, 0.31420695, -0.34570898, 0.03150203,
      ],
    ],
    [
      'cross entropy with class weights and smoothed labels',
      crossEntropy({ classWeights: [0.5, 2, 1.25], labelSmoothing: 0.2 }),
      ofClasses,
      2.21586341,
      [
        0.14539685, 0.00180379, -0.14720064, 0.03432617, -0.0331893, -0.00113688, -0.05547831, 0.02571837,
        0.02975993, 0.28484433, -0.29949095, 0.01464662,
      ],
    ],
    [
      'binary cross entropy',
      binaryCrossEntropy(),
      ofTwo,
      0.80021162,
      [-0.04560638, -0.14361063, 0.22019927, 0.00449655],
    ],
    [
      'binary cross entropy with a positive weight',
      binaryCrossEntropy(3),
      ofTwo,
      1.32809588,
      [-0.13681914, -0.43083189, 0.22019927, 0.00449655],
    ],
    ['mean squared error', squaredError, ofNumbers, 2.375, [0.25, -0.25, 1.5, 0]],
    ['mean absolute error', absoluteError, ofNumbers, 1, [0.25, -0.25, 0.25, 0]],
    ['Huber with delta 1', huber(1), ofNumbers, 0.6875, [0.125, -0.125, 0.25, 0]],
    ['Huber with delta 0.4', huber(0.4), ofNumbers, 0.34, [0.1, -0.1, 0.1, 0]],
    [
      'divergence from a teacher, mixed with labels',
      distillation({ classes: 3, temperature: 2, teacherFraction: 0.9 }),
      ofTeacher,
      0.8544517,
      [
        -0.01469364, 0.03851745, -0.02382382, -0.00687136, 0.08066753, -0.07379616, 0.02371931, 0.0992349,
        -0.1229542, 0.17133055, -0.14732055, -0.02401,
      ],
    ],
    [
      'divergence from a teacher alone',
      distillation({ classes: 3, temperature: 4, teacherFraction: 1 }),
      ofTeacher,
      0.76869849,
      [
        -0.03933585, 0.05144055, -0.0121047, -0.00050141, 0.09556418, -0.09506277, 0.05258947, 0.09389901,
        -0.14648848, 0.18214958, -0.17777556, -0.00437401,
      ],
    ],
  ])('%s has the value and the gradient of PyTorch', async (_, loss, given, value, gradient) => {
    const got = await measured(loss, given);

    expect(got.mean).toBeCloseTo(value, 5);
    expect(got.gradient).toHaveLength(gradient.length);
    got.gradient.forEach((each, index) => {
      expect(each).toBeCloseTo(gradient[index] ?? Number.NaN, 6);
    });
  });

  it.each<[string, Loss, Given]>([
    [
      'cross entropy',
      crossEntropy({ labelSmoothing: 0.1 }),
      { outputs: floats([3, 2], [1e4, -1e4, -1e4, 1e4, 1e4, 1e4]), targets: tensor('int64', [3], [1, 1, 0]) },
    ],
    [
      'binary cross entropy',
      binaryCrossEntropy(2),
      { outputs: floats([4, 1], [1e4, -1e4, 1e4, -1e4]), targets: tensor('int64', [4], [0, 0, 1, 1]) },
    ],
    [
      'mean squared error',
      squaredError,
      { outputs: floats([2, 1], [1e4, -1e4]), targets: floats([2], [-1e4, -1e4]) },
    ],
    ['Huber', huber(1), { outputs: floats([2, 1], [1e4, -1e4]), targets: floats([2], [-1e4, -1e4]) }],
    [
      'divergence from a teacher',
      distillation({ classes: 2, temperature: 1, teacherFraction: 0.5 }),
      { outputs: floats([2, 2], [1e4, -1e4, -1e4, 1e4]), targets: floats([2, 3], [1, -1e4, 1e4, 1, -90, 0]) },
    ],
  ])('%s and its gradient are numbers at extreme outputs', async (_, loss, given) => {
    const got = await measured(loss, given);

    expect([got.mean, ...got.gradient].every(Number.isFinite)).toBe(true);
    expect(got.mean).toBeGreaterThan(0);
  });

  it.each<[string, Loss, Given, number[]]>([
    ['cross entropy', softmaxCrossEntropy, ofClasses, [0, 1, 0, 0]],
    ['cross entropy along sequences', softmaxCrossEntropy, ofTokens, [0.5, 0]],
    ['binary cross entropy', binaryCrossEntropy(), ofTwo, [1, 0, 0, 1]],
    [
      'divergence from a teacher',
      distillation({ classes: 3, temperature: 2, teacherFraction: 1 }),
      ofTeacher,
      [0, 1, 0, 0],
    ],
    ['Huber', huber(1), ofNumbers, [0.25, 0.25, 9, 0]],
    ['mean absolute error', absoluteError, ofNumbers, [0.25, 0.25, 9, 0]],
  ])(
    '%s scores rows by their classes, or by the square of the difference',
    async (_, loss, given, scores) => {
      const { score } = await measured(loss, given);

      score.forEach((each, row) => {
        expect(each).toBeCloseTo(scores[row] ?? Number.NaN, 5);
      });
    },
  );
});

const animals: TargetEncoding = { task: 'classification', classes: ['cat', 'dog', 'eel'] };

describe('lossOf', () => {
  it.each<[string, object | undefined, TargetEncoding, Loss, Given]>([
    ['cross entropy where nothing is asked for', undefined, animals, softmaxCrossEntropy, ofClasses],
    [
      'squared error of numbers where nothing is asked for',
      undefined,
      { task: 'regression', mean: 0, standardDeviation: 1 },
      squaredError,
      ofNumbers,
    ],
    [
      'weights by class, 1 for those that are not named',
      { name: 'cross_entropy', class_weights: { eel: 4, cat: 0.5 } },
      animals,
      crossEntropy({ classWeights: [0.5, 1, 4] }),
      ofClasses,
    ],
    [
      "weights by the classes' rows, as scikit-learn's 'balanced'",
      { name: 'cross_entropy', class_weights: 'balanced', label_smoothing: 0.1 },
      animals,
      crossEntropy({ classWeights: [40 / (3 * 10), 40 / (3 * 25), 40 / (3 * 5)], labelSmoothing: 0.1 }),
      ofClasses,
    ],
    [
      'Huber',
      { name: 'huber', delta: 0.4 },
      { task: 'regression', mean: 0, standardDeviation: 1 },
      huber(0.4),
      ofNumbers,
    ],
  ])('is %s', async (_, spec, encoding, same, given) => {
    const loss = lossOf(spec && lossSpec.parse(spec), encoding, [10, 25, 5]);

    expect(await measured(loss, given)).toEqual(await measured(same, given));
  });
});
