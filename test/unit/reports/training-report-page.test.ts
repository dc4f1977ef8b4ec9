import fc from 'fast-check';
import { predictedNumbers } from '../../../jobs/evaluation/metrics/predicted-numbers';
import { regressionMetrics } from '../../../jobs/evaluation/metrics/regression-metrics';
import { trainingReportPage } from '../../../jobs/reports/training-report-page';
import { aHistory, aTrainingReport, hostileTexts, someMeasured } from './a-training';
import { readPage } from './read-page';

/** A regression that always guesses half too high. */
function regressionDrawn() {
  const actual = Float32Array.from({ length: 50 }, (_, row) => row);
  const predicted = actual.map((value) => value + 0.5);
  return { ...regressionMetrics(actual, predicted), ...predictedNumbers(actual, predicted) };
}

describe('the page of a training', () => {
  it('has a section for everything that is known of a classifier', async () => {
    const report = aTrainingReport();

    const page = readPage(await trainingReportPage(report));

    expect(page.headings).toEqual([
      'Results',
      'Loss',
      'Validation accuracy',
      'Learning rate',
      'Throughput',
      'Confusion matrix of the test rows',
      'Classes of the test rows',
      'ROC curves of the test rows',
      'Precision and recall of the test rows',
      'Reliability of the test rows',
      'Columns',
      'Settings',
    ]);
  });

  it('is well formed, and neither runs nor fetches anything', async () => {
    const report = aTrainingReport();

    const text = await trainingReportPage(report);

    const page = readPage(text);
    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
    expect(text).not.toMatch(/https?:|url\(|@import|<script/i);
    expect(text).toContain('content="default-src &#39;none&#39;; ');
  });

  it('tells each chart in words, and has its numbers beside it', async () => {
    const report = aTrainingReport();

    const page = readPage(await trainingReportPage(report));

    const charted = page.sections.filter((text) => text.includes('<svg'));
    expect(charted).toHaveLength(9);
    expect(charted.filter((text) => !/<table>/.test(text))).toEqual([]);
    expect(
      charted.filter((text) => !/role="img" aria-label="[^"]+"><title>[^<]+<\/title><desc>[^<]+</.test(text)),
    ).toEqual([]);
  });

  it('shows the numbers that were measured, part by part', async () => {
    const report = aTrainingReport();

    const page = readPage(await trainingReportPage(report));

    const [results = '', loss = ''] = page.sections;
    expect(results).toMatch(/Accuracy<\/th><td class="number">0\.8000<\/td>/);
    expect(results).toMatch(/<thead>.*Metric.*Train.*Validation.*Test/);
    expect(loss).toMatch(/22 \(best\)/);
    expect(loss).toContain('best: epoch 22');
  });

  it('leaves out what there is nothing to say of', async () => {
    const regression = aTrainingReport({
      task: 'regression',
      training: {
        epochs: 3,
        steps: 9,
        history: aHistory(3).map(({ epoch, training_loss }) => ({ epoch, training_loss, metrics: {} })),
      },
      metrics: {
        test: {
          rows: 4,
          ...{ rmse: 1.5 },
          predictions: [1, 2, 3, 4].map((actual) => ({ actual, predicted: actual + 0.5 })),
        },
      },
    });
    const { classes: _, columns: __, spec: ___, ...report } = regression;

    const page = readPage(await trainingReportPage(report));

    expect(page.headings).toEqual([
      'Results',
      'Loss',
      'Predicted against actual, test rows',
      'Residuals of the test rows',
    ]);
    expect([page.faults, page.stray]).toEqual([[], 0]);
  });

  it('charts what was measured on unseen rows, and on others where there are none', async () => {
    const metrics = { train: someMeasured(3), validation: someMeasured(3) };

    const page = readPage(await trainingReportPage(aTrainingReport({ metrics })));

    expect(page.headings).toContain('Confusion matrix of the validation rows');
  });

  it('draws no line through one epoch', async () => {
    const training = { epochs: 1, steps: 9, history: aHistory(1) };

    const page = readPage(await trainingReportPage(aTrainingReport({ training, metrics: {} })));

    expect(page.charts).toEqual([]);
    expect(page.headings).toContain('Loss');
  });

  it('says of a training of no epoch what there is to say', async () => {
    const training = { epochs: 0, steps: 0, history: [] };

    const page = readPage(await trainingReportPage(aTrainingReport({ training, metrics: {} })));

    expect(page.headings).toEqual(['Columns', 'Settings']);
  });

  it('stays small over ten thousand epochs, and says what it leaves out', async () => {
    const training = { epochs: 10_000, steps: 90_000, history: aHistory(10_000) };

    const text = await trainingReportPage(aTrainingReport({ training }));

    expect(text.length).toBeLessThan(400_000);
    expect(readPage(text).sections[1]).toContain('16 of 10,000 epochs');
  });

  it.each([
    [14, 'Confusion matrix of the test rows', 'Counts; rows are actual classes'],
    [15, 'Confusion matrix of the test rows', 'Classes that are taken for one another most'],
    [31, 'Most confused classes of the test rows', 'Classes that are taken for one another most'],
    [300, 'Most confused classes of the test rows', '25 of 60 pairs'],
  ])('can be read with %d classes', async (count, heading, told) => {
    const classes = Array.from({ length: count }, (_, index) => `class ${index}`);

    const text = await trainingReportPage(
      aTrainingReport({ classes, metrics: { test: someMeasured(count) } }),
    );

    const page = readPage(text);
    expect(page.sections[page.headings.indexOf(heading)]).toContain(told);
    expect(text.length).toBeLessThan(500_000);
  });

  it('writes the names of a chart out, as far as there is room', async () => {
    const classes = Array.from({ length: 40 }, (_, index) => `class no. ${index}`);
    const metrics = { test: someMeasured(40) };

    const page = readPage(await trainingReportPage(aTrainingReport({ classes, metrics })));

    const chart = page.charts.find((text) => text.includes('Most confused')) ?? '';
    expect(chart).toContain('>class no. 10 → class no. 11<');
  });

  it('tells how the residuals of all rows spread, where that is known', async () => {
    const { classes: _, ...report } = aTrainingReport({
      metrics: { test: regressionDrawn() },
    });

    const page = readPage(await trainingReportPage(report));

    const residuals = page.sections[page.headings.indexOf('Residuals of the test rows')];
    expect(residuals).toMatch(/50\.0 %<\/th><td class="number">-0\.5000</);
  });

  it('shows numbers that are none as a dash', async () => {
    const history = aHistory(5).map((row) => ({
      ...row,
      training_loss: Number.NaN,
      learning_rate: Number.POSITIVE_INFINITY,
      metrics: { validation_accuracy: row.epoch === 2 ? Number.NaN : 0.5 },
    }));

    const page = readPage(
      await trainingReportPage(aTrainingReport({ training: { epochs: 5, steps: 5, history } })),
    );

    expect([page.faults, page.stray]).toEqual([[], 0]);
    expect(page.bodyText).not.toMatch(/NaN|Infinity|undefined/);
    expect(page.sections[page.headings.indexOf('Validation accuracy')]).toContain(
      '<td class="number">–</td>',
    );
  });

  it('takes every name for text, whatever it looks like', async () => {
    const [name = ''] = hostileTexts;
    const classes = [...hostileTexts];
    const report = aTrainingReport({
      name,
      target: name,
      classes,
      metrics: { test: someMeasured(classes.length) },
      columns: {
        used: hostileTexts.map((text) => ({ name: text, kind: 'category', type: 'text' })),
        unused: hostileTexts.map((text) => ({ name: text, why: text })),
      },
      spec: Object.fromEntries(hostileTexts.map((text) => [text, [text]])),
      facts: hostileTexts.map((text) => ({ name: text, value: text })),
    });

    const page = readPage(await trainingReportPage(report));

    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
    expect(page.bodyText).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('is well formed with any names', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    const names = fc.array(text, { minLength: 3, maxLength: 3 });
    const law = fc.asyncProperty(names, text, async (classes, target) => {
      const training = { epochs: 1, steps: 1, history: [] };

      const page = readPage(await trainingReportPage(aTrainingReport({ classes, target, training })));

      expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
    });

    await fc.assert(law, { numRuns: 25 });
  });
});
