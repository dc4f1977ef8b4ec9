import { errorsOf, ingestBytes, profileOf, rowsOf } from './ingest-bytes';

const format = 'text' as const;

async function linesOf(bytes: string | Uint8Array): Promise<unknown[]> {
  const { outcome, data } = await ingestBytes(bytes, { format });
  if (outcome.type === 'rejected') throw new Error(JSON.stringify(outcome.errors));
  return (await rowsOf(data)).map(([line]) => line);
}

describe('a text upload', () => {
  it.each([
    { what: 'one line', text: 'hello', lines: ['hello'] },
    { what: 'line ends of both kinds', text: 'a\nb\r\n', lines: ['a\n', 'b\r\n'] },
    { what: 'blank lines and blanks', text: '\n\n  \n', lines: ['\n', '\n', '  \n'] },
    { what: 'a carriage return alone, which ends no line', text: 'a\rb\n', lines: ['a\rb\n'] },
    {
      what: 'what would be quotes, numbers and missing values in CSV',
      text: '"a,1\nNA\nnull\n1',
      lines: ['"a,1\n', 'NA\n', 'null\n', '1'],
    },
    { what: 'characters of four bytes', text: '\u{1f427}\n\u00e9', lines: ['\u{1f427}\n', '\u00e9'] },
  ])('keeps $what', async ({ text, lines }) => {
    expect(await linesOf(text)).toEqual(lines);
  });

  it('drops a byte order mark', async () => {
    expect(await linesOf('\uFEFFhello\n')).toEqual(['hello\n']);
  });

  it('cuts lines of more than a mebibyte between two characters', async () => {
    const text = `a${'\u00e9'.repeat(1_500_000)}\nend`;

    const lines = await linesOf(text);

    expect(lines.map((line) => Buffer.byteLength(String(line)))).toEqual([1_048_575, 1_048_576, 902_851, 3]);
    expect(lines.join('')).toBe(text);
  });

  it('keeps the order of more lines than one batch holds', async () => {
    const text = Array.from({ length: 900_000 }, (_, line) => `line ${line} of a text\n`).join('');

    const lines = await linesOf(text);

    expect(lines.length).toBe(900_000);
    expect(lines.join('') === text).toBe(true);
  });

  it('has a profile of one column of text', async () => {
    const profile = await profileOf('to be\nor not\nto be\n', { format });

    expect(profile).toEqual({
      rows: 3,
      bytes: 19,
      format: 'text',
      columns: [
        {
          name: 'text',
          type: 'text',
          missing: 0,
          distinct: 2,
          top_values: [
            { value: 'to be\n', count: 2 },
            { value: 'or not\n', count: 1 },
          ],
        },
      ],
    });
  });

  it.each([
    { what: 'no bytes', bytes: Buffer.from(''), errors: [{ code: 'empty_file' }] },
    { what: 'a byte order mark alone', bytes: Buffer.from('\uFEFF'), errors: [{ code: 'empty_file' }] },
    {
      what: 'lines that are not UTF-8',
      bytes: Buffer.from('a\nK\u00f6ln\nb\n\u00fc', 'latin1'),
      errors: [
        { line: 2, code: 'invalid_encoding' },
        { line: 4, code: 'invalid_encoding' },
      ],
    },
    { what: 'NUL', bytes: Buffer.from('some text\n\0\n'), errors: [{ line: 2, code: 'invalid_encoding' }] },
    {
      what: 'UTF-16',
      bytes: Buffer.from('\uFEFFhello', 'utf16le'),
      errors: [{ line: 1, code: 'invalid_encoding' }],
    },
    { what: 'Parquet', bytes: Buffer.from('PAR1....PAR1'), errors: [{ code: 'unknown_format' }] },
  ])('refuses $what', async ({ bytes, errors }) => {
    const found = await errorsOf(bytes, { format });

    expect(found.map(({ detail, ...place }) => place)).toEqual(errors);
  });

  it('is never taken for text by its bytes: without a format it is CSV, as ever', async () => {
    expect((await profileOf('a\nb\nc\n')).format).toBe('csv');
  });
});
