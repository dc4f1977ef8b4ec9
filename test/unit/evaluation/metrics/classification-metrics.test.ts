import { classificationMetrics } from '../../../../jobs/evaluation/metrics/classification-metrics';
import { byThreshold, mostProbable } from '../../../../jobs/evaluation/metrics/predicted-classes';
import { logLoss } from '../../../../jobs/evaluation/metrics/probability-scores';
import { areaUnderRoc, rankScores } from '../../../../jobs/evaluation/metrics/ranking';

const rocAuc = (scores: readonly number[], isPositive: (row: number) => boolean) =>
  areaUnderRoc(rankScores(scores, isPositive));

/** Three classes, six rows; every number below is worked by hand. */
function setup() {
  const actual = Int32Array.of(0, 0, 1, 1, 2, 2);
  const probabilities = Float32Array.of(
    0.7,
    0.2,
    0.1,
    0.2,
    0.5,
    0.3,
    0.1,
    0.8,
    0.1,
    0.25,
    0.5,
    0.25,
    0.1,
    0.2,
    0.7,
    0.6,
    0.1,
    0.3,
  );
  return { actual, probabilities, classes: 3 };
}

describe('classificationMetrics', () => {
  it('counts, and scores each class and their plain mean', () => {
    const rows = setup();

    const metrics = classificationMetrics(rows);

    expect(metrics.confusion_matrix).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 1],
    ]);
    expect(metrics.accuracy).toBeCloseTo(4 / 6, 12);
    expect(metrics.per_class).toEqual([
      { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, support: 2 },
      { precision: 2 / 3, recall: 1, f1: 4 / 5, support: 2 },
      { precision: 1, recall: 1 / 2, f1: 2 / 3, support: 2 },
    ]);
    expect(metrics.precision).toBeCloseTo((1 / 2 + 2 / 3 + 1) / 3, 12);
    expect(metrics.recall).toBeCloseTo(2 / 3, 12);
    expect(metrics.f1).toBeCloseTo((1 / 2 + 4 / 5 + 2 / 3) / 3, 12);
    expect(metrics.rows).toBe(6);
  });

  it('takes the mean negative logarithm of what the actual class got', () => {
    const rows = setup();

    const loss = logLoss(rows);

    const expected = -[0.7, 0.2, 0.8, 0.5, 0.7, 0.3].reduce((sum, p) => sum + Math.log(p), 0) / 6;
    expect(loss).toBeCloseTo(expected, 6);
  });

  it('bounds the loss of a certain and wrong answer', () => {
    const loss = logLoss({ actual: [1], probabilities: Float32Array.of(1, 0), classes: 2 });

    expect(loss).toBeCloseTo(-Math.log(2 ** -23), 6);
  });

  it('takes the first of equal probabilities, as ArgMax does', () => {
    const predicted = mostProbable(Float32Array.of(0.5, 0.5, 0.2, 0.8), 2);

    expect([...predicted]).toEqual([0, 1]);
  });

  it('leaves classes that nobody has and nobody predicted out of the means', () => {
    const probabilities = Float32Array.of(0.9, 0.1, 0, 0.2, 0.8, 0);

    const metrics = classificationMetrics({ actual: [0, 1], probabilities, classes: 3 });

    expect(metrics).toMatchObject({ accuracy: 1, precision: 1, recall: 1, f1: 1 });
    expect(metrics.per_class[2]).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 });
  });

  it('leaves the area out where all rows are of one class', () => {
    const metrics = classificationMetrics({
      actual: [0, 0],
      probabilities: Float32Array.of(0.9, 0.1, 0.4, 0.6),
      classes: 2,
    });

    expect(metrics).not.toHaveProperty('roc_auc');
  });
});

describe('byThreshold', () => {
  it('compares as 32-bit numbers, so that a probability on the threshold reaches it', () => {
    const probabilities = Float32Array.of(0.3, 0.7, 0.31, 0.69);

    const predicted = byThreshold(probabilities, 0.7);

    expect([...predicted]).toEqual([1, 0]);
  });
});

describe('areaUnderRoc', () => {
  it.each([
    ['a perfect order', [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 1],
    ['a reversed order', [0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0],
    ['all ties', [0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], 0.5],
    ["scikit-learn's example", [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75],
    ['one tie across the classes', [0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1], 0.875],
  ])('is exact for %s', (_, scores, labels, expected) => {
    const area = rocAuc(scores, (row) => labels[row] === 1);

    expect(area).toBeCloseTo(expected, 12);
  });

  it.each([
    ['a positive row', [0.1, Number.NaN, 0.8], [0, 1, 0]],
    ['a negative row', [0.1, Number.NaN, 0.8], [1, 0, 1]],
  ])('is left out where %s has no number for a score', (_, scores, labels) => {
    const area = rocAuc(scores, (row) => labels[row] === 1);

    expect(area).toBeUndefined();
  });

  it('takes the second class of two, and the mean of each against the rest of more', () => {
    const rows = setup();

    const binary = classificationMetrics({
      actual: [0, 0, 1, 1],
      probabilities: Float32Array.of(0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 0.8),
      classes: 2,
    }).roc_auc;
    const many = classificationMetrics(rows).roc_auc;

    expect(binary).toBeCloseTo(0.75, 6);
    expect(many).toBeCloseTo((6 / 8 + 7.5 / 8 + 7.5 / 8) / 3, 6);
  });
});
