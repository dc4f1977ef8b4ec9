import type { Trial } from '../../../jobs/reports/sections/trial-sections';
import { type TuneReport, tuneReportPage } from '../../../jobs/reports/tune-report-page';
import { hostileTexts } from './a-training';
import { readPage } from './read-page';

const aTrial = (number: number, changes: Partial<Trial> = {}): Trial => ({
  number,
  state: 'succeeded',
  settings: { 'optimizer.learning_rate': 10 ** -number, 'model.activation': 'relu' },
  history: [0, 1, 2].map((epoch) => ({ epoch, value: 1 / (number + epoch) })),
  result: 1 / (number + 2),
  ...changes,
});

const aSearch = (changes: Partial<TuneReport> = {}): TuneReport => ({
  name: 'churn',
  metric: 'validation_loss',
  goal: 'minimize',
  trials: [aTrial(1), aTrial(2), aTrial(3), aTrial(4, { result: 0.9 })],
  spec: { trials: 4 },
  ...changes,
});

describe('the page of a search', () => {
  it('has the trials, what came of them, and each number that was searched', async () => {
    const text = await tuneReportPage(aSearch());

    const page = readPage(text);
    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
    expect(page.headings).toEqual([
      'Trials',
      'Best so far',
      'Result by optimizer.learning_rate',
      'All trials',
      'Settings',
    ]);
  });

  it.each([
    { goal: 'minimize' as const, best: 'trial 3' },
    { goal: 'maximize' as const, best: 'trial 4' },
  ])('names the best trial of those to $goal: $best', async ({ goal, best }) => {
    const page = readPage(await tuneReportPage(aSearch({ goal })));

    expect(page.charts[0]).toContain(`best: ${best}`);
  });

  it('names the trial that was chosen, where that is another one: it may have had more epochs', async () => {
    const page = readPage(await tuneReportPage(aSearch({ best: 2 })));

    expect(page.charts[0]).toContain('best: trial 2');
    expect(page.bodyText).toContain('<dt>Best trial</dt><dd>2 (0.2500)</dd>');
  });

  it('lists the best trial first, and last those that came to nothing', async () => {
    const failed = aTrial(9, { state: 'failed', history: [] });
    const { result: _, ...nothing } = failed;
    const trials = [nothing, aTrial(1), aTrial(2, { result: Number.NaN }), aTrial(3)];

    const page = readPage(await tuneReportPage(aSearch({ trials })));

    const listed = page.sections[page.headings.indexOf('All trials')] ?? '';
    const order = [...listed.matchAll(/<th scope="row" class="number">(\d+)<\/th>/g)].map(
      ([, number]) => number,
    );
    expect(order).toEqual(['3', '1', '9', '2']);
  });

  it('tells of trials that were better than all before', async () => {
    const results = [5, 7, 3, 4, 1];
    const trials = results.map((result, index) => aTrial(index + 1, { result }));

    const page = readPage(await tuneReportPage(aSearch({ trials })));

    const section = page.sections[page.headings.indexOf('Best so far')] ?? '';
    const gains = [...section.matchAll(/<th scope="row" class="number">(\d+)<\/th>/g)].map(
      ([, number]) => number,
    );
    expect(gains).toEqual(['1', '3', '5']);
  });

  it('says of a search without a trial what there is to say', async () => {
    const page = readPage(await tuneReportPage(aSearch({ trials: [] })));

    expect(page.headings).toEqual(['All trials', 'Settings']);
  });

  it('stays readable over five hundred trials of a thousand epochs', async () => {
    const history = Array.from({ length: 1_000 }, (_, epoch) => ({ epoch, value: 1 / (epoch + 1) }));
    const trials = Array.from({ length: 500 }, (_, index) => aTrial(index + 1, { history }));

    const text = await tuneReportPage(aSearch({ trials }));

    expect(text.length).toBeLessThan(2_000_000);
    expect(readPage(text).bodyText).toContain('300 more are in report.json');
  });

  it('takes every name for text, whatever it looks like', async () => {
    const [name = ''] = hostileTexts;
    const settings = Object.fromEntries(
      hostileTexts.map((text, index) => [text, index % 2 === 0 ? text : index]),
    );
    const trials = [1, 2, 3].map((number) => aTrial(number, { settings, state: name }));

    const page = readPage(await tuneReportPage(aSearch({ trials, name, metric: name })));

    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
  });
});
