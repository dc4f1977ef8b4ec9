import { type EvaluationReport, evaluationReportPage } from '../../../jobs/reports/evaluation-report-page';
import { hostileTexts, someMeasured } from './a-training';
import { readPage } from './read-page';

const anEvaluation = (changes: Partial<EvaluationReport> = {}): EvaluationReport => ({
  model: { name: 'churn', version: 7 },
  dataset: 'ds_1',
  task: 'classification',
  target: 'churned',
  classes: [false, true],
  metrics: someMeasured(2),
  intervals: [{ metric: 'roc_auc', value: 0.9, low: 0.87, high: 0.93, confidence: 0.95 }],
  slices: [
    { column: 'region', value: 'north', rows: 30, metrics: { accuracy: 0.75, f1: 0.5 } },
    { column: 'region', value: 'south', rows: 10, metrics: { accuracy: 0.5 } },
  ],
  spec: { dataset: 'ds_1' },
  ...changes,
});

describe('the page of an evaluation', () => {
  it('has a section for everything that was measured', async () => {
    const text = await evaluationReportPage(anEvaluation());

    const page = readPage(text);
    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
    expect(page.headings).toEqual([
      'Results',
      'Confidence intervals',
      'Confusion matrix of the evaluated rows',
      'Classes of the evaluated rows',
      'ROC curves of the evaluated rows',
      'Precision and recall of the evaluated rows',
      'Reliability of the evaluated rows',
      'Slices',
      'Settings',
    ]);
  });

  it('tells how sure a number is, and of which rows', async () => {
    const page = readPage(await evaluationReportPage(anEvaluation()));

    expect(page.sections[1]).toMatch(/ROC AUC.*0\.9000.*0\.8700.*0\.9300.*95 %/);
    expect(page.sections[7]).toMatch(/region.*south.*10.*0\.5000.*–/);
  });

  it('has all averages of scikit-learn’s report beside the classes', async () => {
    const page = readPage(await evaluationReportPage(anEvaluation()));

    const classes = page.sections[page.headings.indexOf('Classes of the evaluated rows')];
    expect(classes).toMatch(/macro average[\s\S]*micro average[\s\S]*weighted average/);
  });

  it('draws the curves that tell most where there are too many to tell apart', async () => {
    const roc = Array.from({ length: 12 }, (_, index) => ({
      class: `class ${index}`,
      area: 1 - index / 100,
      points: [0, 0.5, 1].map((rate) => ({ false_positive_rate: rate, true_positive_rate: rate ** 0.5 })),
    }));
    const metrics = { ...someMeasured(2), roc_curves: roc, curves_left_out: 20 };

    const page = readPage(await evaluationReportPage(anEvaluation({ metrics })));

    const section = page.sections[page.headings.indexOf('ROC curves of the evaluated rows')] ?? '';
    const [chart = ''] = /<svg[\s\S]*<\/svg>/.exec(section) ?? [];
    expect(chart).toContain('>class class 11<');
    expect(chart).not.toContain('>class class 3<');
    expect(section).toContain('0.9700');
    expect(section).toContain('20 classes have no curve');
  });

  it('takes every name for text, whatever it looks like', async () => {
    const slices = hostileTexts.map((text) => ({
      column: text,
      value: text,
      rows: 1,
      metrics: { [text]: 1 },
    }));
    const roc = hostileTexts.map((text) => ({
      class: text,
      area: 0.5,
      points: [0, 1].map((rate) => ({ false_positive_rate: rate, true_positive_rate: rate })),
    }));
    const metrics = { ...someMeasured(2), roc_curves: roc };
    const [name = ''] = hostileTexts;

    const page = readPage(
      await evaluationReportPage(
        anEvaluation({ slices, metrics, dataset: name, target: name, classes: [name, '"'] }),
      ),
    );

    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
  });
});
