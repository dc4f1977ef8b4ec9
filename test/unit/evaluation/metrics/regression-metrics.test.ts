import { regressionMetrics } from '../../../../jobs/evaluation/metrics/regression-metrics';

describe('regressionMetrics', () => {
  it("is scikit-learn's on its own example", () => {
    const metrics = regressionMetrics([3, -0.5, 2, 7], [2.5, 0, 2, 8]);

    expect(metrics.rows).toBe(4);
    expect(metrics.rmse).toBeCloseTo(Math.sqrt(0.375), 12);
    expect(metrics.mae).toBeCloseTo(0.5, 12);
    expect(metrics.r2).toBeCloseTo(0.9486081370449679, 12);
  });

  it.each([
    ['met exactly', [2, 2], 1],
    ['missed', [2, 3], 0],
  ])('gives a constant target that is %s an R² of its own', (_, predicted, r2) => {
    const metrics = regressionMetrics([2, 2], predicted);

    expect(metrics.r2).toBe(r2);
  });
});
