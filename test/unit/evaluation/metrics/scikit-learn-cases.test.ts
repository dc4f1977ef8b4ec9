import {
  type ClassificationOptions,
  classificationMetrics,
} from '../../../../jobs/evaluation/metrics/classification-metrics';
import { regressionMetrics } from '../../../../jobs/evaluation/metrics/regression-metrics';

/** What scikit-learn 1.9.1 says of each case; `undefined` where it says nan, or nothing with a warning. */
interface Case {
  title: string;
  actual: readonly number[];
  probabilities: readonly (readonly number[])[];
  options?: ClassificationOptions;
  numbers: Readonly<Record<string, number | undefined>>;
  macro: readonly [number, number, number];
  weighted: readonly [number, number, number];
  /** Precision, recall, F1, support. */
  perClass: readonly (readonly [number, number, number, number])[];
}

const binary = (seconds: readonly number[]) => seconds.map((second) => [1 - second, second]);
const ties = [0.125, 0.25, 0.25, 0.5, 0.5, 0.75, 0.875, 0.75];
const three = [
  [0.5, 0.25, 0.25],
  [0.25, 0.5, 0.25],
  [0.25, 0.25, 0.5],
  [0.5, 0.5, 0],
  [0.125, 0.375, 0.5],
  [0.25, 0.25, 0.5],
  [0.75, 0.125, 0.125],
  [0.25, 0.5, 0.25],
  [0.375, 0.375, 0.25],
];

const cases: readonly Case[] = [
  {
    title: 'two classes with tied probabilities',
    actual: [0, 0, 1, 1, 0, 1, 1, 0],
    probabilities: binary(ties),
    numbers: {
      accuracy: 0.625,
      balanced_accuracy: 0.625,
      matthews_correlation: 0.2581988897471611,
      cohen_kappa: 0.25,
      log_loss: 0.625163733959198,
      brier_score: 0.22265625,
      roc_auc: 0.71875,
      average_precision: 0.7095238095238094,
      top_k_accuracy: undefined,
    },
    macro: [0.6333333333333333, 0.625, 0.6190476190476191],
    weighted: [0.6333333333333333, 0.625, 0.6190476190476191],
    perClass: [
      [0.6, 0.75, 0.6666666666666666, 4],
      [0.6666666666666666, 0.5, 0.5714285714285714, 4],
    ],
  },
  {
    title: 'two classes with a threshold',
    actual: [0, 0, 1, 1, 0, 1, 1, 0],
    probabilities: binary(ties),
    options: { threshold: 0.25 },
    numbers: {
      accuracy: 0.625,
      balanced_accuracy: 0.625,
      matthews_correlation: 0.3779644730092272,
      cohen_kappa: 0.25,
      roc_auc: 0.71875,
    },
    macro: [0.7857142857142857, 0.625, 0.5636363636363637],
    weighted: [0.7857142857142857, 0.625, 0.5636363636363637],
    perClass: [
      [1, 0.25, 0.4, 4],
      [0.5714285714285714, 1, 0.7272727272727273, 4],
    ],
  },
  {
    title: 'rows of the first class alone',
    actual: [0, 0, 0],
    probabilities: binary([0.125, 0.25, 0.75]),
    numbers: {
      accuracy: 0.6666666666666666,
      balanced_accuracy: 0.6666666666666666,
      matthews_correlation: 0,
      cohen_kappa: 0,
      log_loss: 0.6025026440620422,
      brier_score: 0.2135416716337204,
      roc_auc: undefined,
      average_precision: undefined,
    },
    macro: [0.5, 0.3333333333333333, 0.4],
    weighted: [1, 0.6666666666666666, 0.8],
    perClass: [
      [1, 0.6666666666666666, 0.8, 3],
      [0, 0, 0, 0],
    ],
  },
  {
    title: 'rows of the second class alone',
    actual: [1, 1, 1],
    probabilities: binary([0.125, 0.25, 0.75]),
    numbers: {
      roc_auc: undefined,
      average_precision: 1,
      log_loss: 1.2511392831802368,
      matthews_correlation: 0,
    },
    macro: [0.5, 0.16666666666666666, 0.25],
    weighted: [1, 0.3333333333333333, 0.5],
    perClass: [
      [0, 0, 0, 0],
      [1, 0.3333333333333333, 0.5, 3],
    ],
  },
  {
    title: 'one class, and it is predicted',
    actual: [0, 0, 0],
    probabilities: binary([0.125, 0.25, 0.375]),
    numbers: { accuracy: 1, balanced_accuracy: 1, matthews_correlation: 0, cohen_kappa: undefined },
    macro: [1, 1, 1],
    weighted: [1, 1, 1],
    perClass: [
      [1, 1, 1, 3],
      [0, 0, 0, 0],
    ],
  },
  {
    title: 'three classes',
    actual: [0, 1, 2, 1, 1, 2, 0, 2, 0],
    probabilities: three,
    options: { topK: 2 },
    numbers: {
      accuracy: 0.6666666666666666,
      balanced_accuracy: 0.6666666666666666,
      matthews_correlation: 0.5095246653650681,
      cohen_kappa: 0.5,
      log_loss: 0.7890412211418152,
      brier_score: 0.46875,
      roc_auc: 0.861111111111111,
      average_precision: 0.6791005291005291,
      top_k: 2,
      top_k_accuracy: 1,
    },
    macro: [0.6388888888888888, 0.6666666666666666, 0.6412698412698412],
    weighted: [0.6388888888888888, 0.6666666666666666, 0.6412698412698412],
    perClass: [
      [0.75, 1, 0.8571428571428571, 3],
      [0.5, 0.3333333333333333, 0.4, 3],
      [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 3],
    ],
  },
  {
    title: 'three classes, one of them of no row, with ranks over those that occur',
    actual: [0, 1, 0, 1, 1, 0, 0, 1, 0],
    probabilities: three,
    numbers: {
      accuracy: 0.5555555555555556,
      balanced_accuracy: 0.55,
      matthews_correlation: 0.37274965820548744,
      cohen_kappa: 0.3207547169811321,
      log_loss: 0.8660575747489929,
      brier_score: 0.5243055820465088,
      roc_auc: (0.725 + 0.975) / 2,
      average_precision: (0.7333333333333334 + 0.95) / 2,
      top_k_accuracy: 0.7777777777777778,
    },
    macro: [0.5833333333333334, 0.3666666666666667, 0.4444444444444444],
    weighted: [0.8611111111111112, 0.5555555555555556, 0.6666666666666666],
    perClass: [
      [0.75, 0.6, 0.6666666666666666, 5],
      [1, 0.5, 0.6666666666666666, 4],
      [0, 0, 0, 0],
    ],
  },
  {
    title: 'four classes with rows of equal probabilities',
    actual: [0, 0, 3, 1, 2],
    probabilities: [
      [0.4375, 0.4375, 0.0625, 0.0625],
      [0.25, 0.25, 0.25, 0.25],
      [0.125, 0.125, 0.5, 0.25],
      [0.0625, 0.6875, 0.125, 0.125],
      [0.5, 0.25, 0.125, 0.125],
    ],
    options: { topK: 3 },
    numbers: {
      accuracy: 0.6,
      balanced_accuracy: 0.5,
      matthews_correlation: 0.44095855184409843,
      cohen_kappa: 0.41176470588235303,
      log_loss: 1.210680365562439,
      brier_score: 0.667187511920929,
      roc_auc: 0.7291666666666667,
      average_precision: 0.5833333333333333,
      top_k_accuracy: 0.6,
    },
    macro: [0.41666666666666663, 0.5, 0.45],
    weighted: [0.4666666666666666, 0.6, 0.52],
    perClass: [
      [0.6666666666666666, 1, 0.8, 2],
      [1, 1, 1, 1],
      [0, 0, 0, 1],
      [0, 0, 0, 1],
    ],
  },
  {
    title: 'classes that are never predicted',
    actual: [0, 1, 2, 2],
    probabilities: [
      [0.5, 0.25, 0.25],
      [0.5, 0.375, 0.125],
      [0.5, 0.25, 0.25],
      [0.625, 0.25, 0.125],
    ],
    numbers: {
      accuracy: 0.25,
      balanced_accuracy: 0.3333333333333333,
      matthews_correlation: 0,
      cohen_kappa: 0,
      log_loss: 1.2849280834197998,
      brier_score: 0.78125,
      roc_auc: 0.6111111111111112,
      average_precision: 0.5833333333333334,
      top_k_accuracy: 0.75,
    },
    macro: [0.08333333333333333, 0.3333333333333333, 0.13333333333333333],
    weighted: [0.0625, 0.25, 0.1],
    perClass: [
      [0.25, 1, 0.4, 1],
      [0, 0, 0, 1],
      [0, 0, 0, 2],
    ],
  },
];

describe('classificationMetrics, beside scikit-learn', () => {
  it.each(cases)('gives the same for $title', ({ actual, probabilities, options, ...expected }) => {
    const classes = probabilities[0]?.length ?? 0;
    const rows = { actual, probabilities: Float32Array.from(probabilities.flat()), classes };

    const metrics = classificationMetrics(rows, options);

    const told: Record<string, unknown> = { ...metrics };
    for (const [name, value] of Object.entries(expected.numbers)) {
      if (value === undefined) expect(told).not.toHaveProperty(name);
      else expect([name, told[name]]).toEqual([name, expect.closeTo(value, 6)]);
    }
    const close = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 12));
    const listed = ({ precision, recall, f1 }: Record<'precision' | 'recall' | 'f1', number>) => [
      precision,
      recall,
      f1,
    ];
    expect(listed(metrics)).toEqual(close(expected.macro));
    expect(listed(metrics.averages.macro)).toEqual(close(expected.macro));
    expect(listed(metrics.averages.weighted)).toEqual(close(expected.weighted));
    expect(listed(metrics.averages.micro)).toEqual([metrics.accuracy, metrics.accuracy, metrics.accuracy]);
    expect(metrics.per_class.map((scores) => [...listed(scores), scores.support])).toEqual(
      expected.perClass.map((scores) => close(scores)),
    );
  });
});

describe('regressionMetrics, beside scikit-learn', () => {
  it.each([
    [
      'its own example',
      [3, -0.5, 2, 7],
      [2.5, 0, 2, 8],
      [0.5, 0.6123724356957945, 0.9486081370449679, 0.5, 0.3273809523809524, 0.9571734475374732],
    ],
    [
      'an odd number of rows',
      [1, 2, 4, 8, 16],
      [1.5, 1.5, 4.5, 9, 12],
      [1.3, 1.8841443681416772, 0.8807123655913979, 0.5, 0.25, 0.8891129032258065],
    ],
    [
      'a target of 0',
      [0, 1, 2, -4],
      [0.5, 1, 1, -2],
      [0.875, 1.14564392373896, 0.7469879518072289, 0.75, 562949953421312.2, 0.7740963855421686],
    ],
    ['a constant target that is met', [2, 2, 2], [2, 2, 2], [0, 0, 1, 0, 0, 1]],
    [
      'a constant target that is missed',
      [2, 2, 2],
      [2, 3, 1],
      [0.6666666666666666, 0.816496580927726, 0, 1, 0.3333333333333333, 0],
    ],
    ['a constant target that is missed by the same', [2, 2, 2], [3, 3, 3], [1, 1, 0, 1, 0.5, 1]],
    ['a constant error', [1, 2, 3], [2, 3, 4], [1, 1, -0.5, 1, 0.611111111111111, 1]],
  ])('gives the same for %s', (_, actual, predicted, expected) => {
    const metrics = regressionMetrics(actual, predicted);

    expect([
      metrics.mae,
      metrics.rmse,
      metrics.r2,
      metrics.median_absolute_error,
      metrics.mean_absolute_percentage_error,
      metrics.explained_variance,
    ]).toEqual(expected.map((value) => expect.closeTo(value, value > 1e6 ? 0 : 12)));
  });
});
