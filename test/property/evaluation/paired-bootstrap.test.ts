import fc from 'fast-check';
import { weightedMetrics } from '../../../jobs/evaluation/bootstrap';
import { drawMetric, pairedIntervals } from '../../../jobs/evaluation/paired-bootstrap';
import type { NumberPredictions } from '../../../jobs/evaluation/predictions';

const options = { resamples: 60, confidence: 0.9, seed: 3, signal: new AbortController().signal };

const predictionsOf = (actual: number[], predicted: number[]): NumberPredictions => ({
  task: 'regression',
  rows: actual.length,
  actual: Float32Array.from(actual),
  predicted: Float32Array.from(predicted),
  slices: [],
  unseen: new Map(),
});

const drawn = (predictions: NumberPredictions) =>
  drawMetric({ metricsOf: weightedMetrics(predictions, {}), rows: predictions.rows, metric: 'mae' }, options);

const compared = async (actual: number[], [before, after]: [number[], number[]], higherIsBetter = false) => {
  const [one, other] = [predictionsOf(actual, before), predictionsOf(actual, after)];
  return pairedIntervals({
    before: await drawn(one),
    after: await drawn(other),
    higherIsBetter,
    confidence: options.confidence,
  });
};

const rows = fc.integer({ min: 2, max: 40 });
const values = (count: number) =>
  fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: count, maxLength: count });
const three = rows.chain((count) => fc.tuple(values(count), values(count), values(count)));

describe('pairedIntervals', () => {
  it('does not take a share for certain because no row told the models apart', () => {
    const [before, after] = [0.9, 0.9].map((value) => ({ value, resampled: [value, value] }));
    if (before === undefined || after === undefined) throw new Error('two were made');

    const { drop } = pairedIntervals({
      before,
      after,
      higherIsBetter: true,
      confidence: 0.95,
      sharedRows: 30,
    });

    expect(drop).toEqual({ value: 0, low: -0.1, high: 0.1 });
  });

  it('gives the same model no drop, and no doubt of it', async () => {
    const law = fc.asyncProperty(three, async ([actual, predicted]) => {
      const { drop } = await compared(actual, [predicted, predicted]);

      expect(drop).toEqual({ value: 0, low: 0, high: 0 });
    });

    await fc.assert(law, { numRuns: 30 });
  });

  it('turns its sign where the models change places, and where more is better', async () => {
    const law = fc.asyncProperty(three, async ([actual, one, other]) => {
      const there = await compared(actual, [one, other]);
      const back = await compared(actual, [other, one]);
      const higher = await compared(actual, [one, other], true);

      expect(there.drop.value).toBeCloseTo(-back.drop.value, 10);
      expect(there.drop.low).toBeCloseTo(-back.drop.high, 10);
      expect(there.drop.value).toBeCloseTo(-higher.drop.value, 10);
    });

    await fc.assert(law, { numRuns: 30 });
  });

  it('is narrower than the intervals of the two where what makes rows hard is common to both', async () => {
    const actual = Array.from({ length: 200 }, () => 0);
    const hard = actual.map((_, row) => (row % 10 === 0 ? 50 : 0.1));
    const { metric, drop } = await compared(actual, [hard, hard.map((error) => error + 0.5)]);

    expect(drop.value).toBeCloseTo(0.5, 3);
    expect(drop.high - drop.low).toBeLessThan((metric.high - metric.low) / 100);
  });
});
