import {
  classificationMetrics,
  predictedClasses,
} from '../../../jobs/evaluation/metrics/classification-metrics';
import { classificationCurves } from '../../../jobs/evaluation/metrics/curves';
import type { HistoryRow } from '../../../jobs/reports/report-data';
import type { TrainingReport } from '../../../jobs/reports/training-report-page';

/** Epochs of a training that goes well. */
export const aHistory = (epochs: number): HistoryRow[] =>
  Array.from({ length: epochs }, (_, epoch) => ({
    epoch,
    training_loss: 1.5 * Math.exp(-epoch / 10) + 0.05,
    metrics: {
      validation_loss: 1.5 * Math.exp(-epoch / 12) + 0.1,
      validation_accuracy: 1 - 0.8 * Math.exp(-epoch / 8),
    },
    learning_rate: 0.003 * (1 - epoch / epochs),
    rows_per_second: 20_000 + (epoch % 3) * 500,
    seconds: 1.25,
  }));

/** What is measured where every fifth row is taken for the class after its own. */
export function someMeasured(classes: number, rows = 20 * classes) {
  const actual = Array.from({ length: rows }, (_, row) => row % classes);
  const probabilities = new Float32Array(rows * classes).fill(0.1 / classes);
  actual.forEach((own, row) => {
    probabilities[row * classes + ((own + Number(row % 5 === 0)) % classes)] = 0.9;
  });
  const measured = { actual, probabilities, classes };
  const predicted = predictedClasses(measured, undefined);
  return {
    ...classificationMetrics(measured),
    ...classificationCurves(measured, { names: [...Array(classes).keys()].map(String), predicted, bins: 10 }),
  };
}

/** The report of a training of a classifier. */
export function aTrainingReport(changes: Partial<TrainingReport> = {}): TrainingReport {
  return {
    name: 'penguin-species',
    task: 'classification',
    target: 'species',
    classes: ['Adelie', 'Chinstrap', 'Gentoo'],
    columns: {
      used: [{ name: 'bill_length_mm', kind: 'number', type: 'number' }],
      unused: [{ name: 'id', why: 'nearly every text differs' }],
    },
    parameters: 1_234,
    training: { epochs: 30, steps: 900, best_epoch: 21, history: aHistory(30) },
    metrics: { train: someMeasured(3), validation: someMeasured(3), test: someMeasured(3) },
    spec: { dataset: 'ds_1', model: { family: 'mlp', hidden_units: [64, 32] }, seed: 0 },
    facts: [{ name: 'Data set', value: 'ds_1' }],
    ...changes,
  };
}

/** Texts that try to be more than text. */
export const hostileTexts: readonly string[] = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></style></svg><script>alert(1)</script>',
  '<!-- ]]> --> <a href="https://example.com">',
  'javascript:alert(1)',
  '&lt;b&gt; &amp;',
  ["datum['x'] + '\\' + alert(1) + `$", '{alert(1)}`'].join(''),
  '\u202etxet neddih\u0000\u0007',
  '__proto__',
  '',
];
