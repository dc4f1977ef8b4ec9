import type { CompressionReport } from '../../../jobs/compression/compression-report';
import { compressionReportPage } from '../../../jobs/reports/compression-report-page';
import { aCandidate, aCompression, failedCandidate, someMeasuredModel } from './a-compression';
import { hostileTexts } from './a-training';
import { readPage } from './read-page';

const setup = async (changes: Partial<CompressionReport> = {}) =>
  readPage(await compressionReportPage(aCompression(changes)));

/** The part of a page under a heading. */
const under = ({ headings, sections }: ReturnType<typeof readPage>, heading: string): string =>
  sections[headings.indexOf(heading)] ?? '';

const nothingChosen: Partial<CompressionReport> = {
  chosen: { id: 'original', why: 'Every candidate loses more than 0.0001 of accuracy.' },
  nearest_miss: { id: 'int8_static', why: 'It loses 0.0007.' },
  candidates: [
    aCandidate('int8_static', { breaks: ['accuracy drops by 0.0007, more than 0.0001'] }),
    failedCandidate('float16', 'the process hung for 60 s'),
  ],
  layers: [],
};

describe('the page of a compression', () => {
  it('has the verdict first, then all that it rests on', async () => {
    const page = await setup();

    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
    expect(page.headings).toEqual([
      'Verdict',
      'Contract',
      'Quality against size',
      'Quality against latency',
      'Candidates',
      'Methods',
      'Lossless clean-up',
      'Error of each layer',
      'Layers that stayed as they were',
      'Notes',
    ]);
  });

  it('neither runs nor fetches anything', async () => {
    const text = await compressionReportPage(aCompression());

    expect(text).not.toMatch(/https?:|url\(|@import|<script/i);
  });

  it('says what was chosen and why, and how it compares', async () => {
    const page = await setup();

    const verdict = under(page, 'Verdict');
    expect(verdict).toContain('prune_channels + int8_static was chosen, and registered as a new version.');
    expect(verdict).toContain('Of those that keep the contract it is the smallest and the fastest.');
    expect(verdict).toMatch(/437,120.*46,080.*9\.49 ×/);
    expect(verdict).toContain('accuracy is 0.004400 worse');
  });

  it('has every number of every candidate', async () => {
    const page = await setup();

    const { bytes, gzip_bytes, lambda } = someMeasuredModel(117_402, 0.9251, 0.206);
    const row = /<tr>[^\n]*>int8_static<[^\n]*/.exec(under(page, 'Candidates'))?.[0] ?? '';
    const numbers = [...row.matchAll(/"number">([^<]*)</g)].map(([, text]) => text);
    expect(numbers).toEqual([
      '2',
      bytes.toLocaleString('en-US'),
      gzip_bytes.toLocaleString('en-US'),
      '0.9251',
      '0.9199 to 0.9300',
      '7e-4',
      '0.2060',
      '0.2431',
      '70.11',
      `${lambda.memory_mb}`,
      '1.910',
    ]);
  });

  it('lists the chosen one first, and last those that failed', async () => {
    const page = await setup();

    const listed = [
      ...under(page, 'Candidates').matchAll(/<td class="text">([^<]+)<\/td><td class="text">([^<]+)</g),
    ];
    expect(listed.map(([, id, standing]) => `${id}: ${standing}`)).toEqual([
      'prune_channels + int8_static: chosen',
      'int8_static: keeps it',
      'weight_only#2: breaks it',
      'weight_only: breaks it',
      'int8_dynamic: breaks it',
      'float16: breaks it',
      'clean_up: breaks it',
      'distill: failed',
    ]);
  });

  it.each([
    [
      'what was done',
      'Channels pruned, 50 %, by taylor, in 3 rounds, recovered over 2 epochs; then Static int8',
    ],
    ['what a candidate breaks', 'Breaks: 219,904 bytes are more than 200,000; Breaks: p95 of 0.779 ms'],
    ['why there are no numbers', 'Failed: the process ended by signal SIGKILL'],
    ['what else there is to know', 'no faster on a CPU'],
  ])('tells of each candidate %s', async (_, told) => {
    const page = await setup();

    expect(under(page, 'Methods')).toContain(told);
  });

  it('draws the limits of the contract, and marks the original and the chosen one', async () => {
    const page = await setup();

    const [size = '', latency = ''] = page.charts;
    expect(size).toMatch(/>at most 200,000<[\s\S]*>at least 0\.9208</);
    expect(latency).toContain('>at most 0.4000<');
    expect([size, latency].filter((chart) => !/>1, chosen<[\s\S]*|>original</.test(chart))).toEqual([]);
  });

  it('names a candidate that collapsed at the edge of the picture, which it does not stretch', async () => {
    const page = await setup();

    const [size = ''] = page.charts;
    expect(size).toContain('>3: 0.1043<');
    expect(size).toContain('>0.925<');
  });

  it('shows the worst layer first, and kept layers with their reasons', async () => {
    const page = await setup();

    const errors = [...under(page, 'Error of each layer').matchAll(/<td class="number">([\d.]+ %)</g)];
    expect(errors.map(([, share]) => share)).toEqual(['3.4 %', '2.1 %', '1.2 %']);
    expect(under(page, 'Layers that stayed as they were')).toMatch(/output\.weight.*its error of 0\.21/);
  });

  it('says that the original stays where nothing keeps the contract, and what came nearest', async () => {
    const page = await setup(nothingChosen);

    const verdict = under(page, 'Verdict');
    expect(verdict).toContain('The original stays.');
    expect(verdict).toContain('Every candidate loses more than 0.0001 of accuracy.');
    expect(verdict).toContain('Nearest to the contract: int8_static, number 1. It loses 0.0007.');
    expect(page.charts[0]).toContain('>1, nearest miss<');
    expect(page.bodyText).toContain('<dt>Chosen</dt><dd>the original</dd>');
  });

  it('can tell of a search that tried nothing', async () => {
    const page = await setup({ ...nothingChosen, candidates: [], notes: [] });

    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
    expect(page.headings).not.toContain('Methods');
  });

  it('turns the picture where a lower metric is better', async () => {
    const loss = (bytes: number, value: number) => ({
      ...someMeasuredModel(bytes, 0.9, 1),
      metric: { value, low: value - 0.01, high: value + 0.01 },
    });
    const contract = {
      ...aCompression().contract,
      metric: 'log_loss',
      higher_is_better: false,
      max_drop: 0.02,
    };
    const candidates = [aCandidate('small', { measured: loss(100_000, 0.315) })];

    const page = await setup({
      contract,
      candidates,
      original: loss(400_000, 0.31),
      chosen: { id: 'small', why: '' },
    });

    expect(page.charts[0]).toContain('>at most 0.3300<');
    expect(under(page, 'Quality against size')).toContain('Lower is better.');
  });

  it('stays readable over five hundred candidates', async () => {
    const candidates = Array.from({ length: 500 }, (_, index) =>
      aCandidate(`try ${index}`, {
        measured: someMeasuredModel(
          30_000 + 997 * ((index * 31) % 500),
          0.92 - (index % 40) / 2_000,
          0.1 + index / 900,
        ),
      }),
    );

    const text = await compressionReportPage(aCompression({ candidates }));

    expect(text.length).toBeLessThan(1_000_000);
    expect(under(readPage(text), 'Candidates')).toContain('300 more are in report.json.');
  });

  it('leaves out numbers that are none', async () => {
    const none = {
      ...someMeasuredModel(1_000, 0.9, 1),
      metric: { value: Number.NaN, low: Number.NaN, high: Number.NaN },
    };

    const page = await setup({ candidates: [aCandidate('broken', { measured: none })] });

    expect(page.bodyText).not.toContain('NaN');
  });

  it('takes every name for text, whatever it looks like', async () => {
    const [name = ''] = hostileTexts;
    const { contract, layers } = aCompression();

    const page = await setup({
      model: { name, version: 1 },
      contract: { ...contract, metric: name, target: { cpu: name } },
      machine: { cpu: name, threads: 1, provider: name },
      data: { judged_rows: 1, judged_on: name, sample_rows: 0 },
      candidates: hostileTexts.map((text) => aCandidate(text, { breaks: [text], notes: [text] })),
      chosen: { id: hostileTexts[1] ?? '', why: name },
      layers: hostileTexts.flatMap((text) => [
        {
          ...layers[0],
          layer: text,
          operator: text,
          shape: [1],
          bytes_before: 1,
          bytes_after: 1,
          relative_error: 0.1,
        },
        { layer: text, operator: text, shape: [1], bytes_before: 1, bytes_after: 1, kept: text },
      ]),
      notes: hostileTexts,
    });

    expect([page.faults, page.stray, page.leftOpen]).toEqual([[], 0, []]);
  });
});
