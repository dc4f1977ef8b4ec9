import { readFile } from 'node:fs/promises';
import { errorsOf, ingestBytes, ingestedRows, profileOf, rowsOf } from './ingest-bytes';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('a CSV upload', () => {
  it.each([
    {
      what: 'plain rows',
      csv: 'a,b\n1,x\n2,y\n',
      rows: [
        [1n, 'x'],
        [2n, 'y'],
      ],
    },
    { what: 'no line end at the end', csv: 'a,b\n1,x', rows: [[1n, 'x']] },
    { what: 'CR LF', csv: 'a,b\r\n1,x\r\n', rows: [[1n, 'x']] },
    {
      what: 'CR alone',
      csv: 'a,b\r1,x\r2,y\r',
      rows: [
        [1n, 'x'],
        [2n, 'y'],
      ],
    },
    {
      what: 'line ends of two kinds',
      csv: 'a,b\r\n1,x\n2,y\r\n',
      rows: [
        [1n, 'x'],
        [2n, 'y'],
      ],
    },
    { what: 'a byte order mark', csv: '\uFEFFa,b\n1,x\n', rows: [[1n, 'x']] },
    { what: 'a quoted header after a byte order mark', csv: '\uFEFF"a",b\n1,x\n', rows: [[1n, 'x']] },
    {
      what: 'semicolons, with decimal commas',
      csv: 'a;b\n1,5;x\n2,5;y\n',
      rows: [
        ['1,5', 'x'],
        ['2,5', 'y'],
      ],
    },
    { what: 'tabs', csv: 'a\tb\n1\tx, y\n', rows: [[1n, 'x, y']] },
    { what: 'bars', csv: 'a|b\n1|x\n', rows: [[1n, 'x']] },
    {
      what: 'quoted separators, line breaks and quotes',
      csv: 'a,b\n"x,\ny","say ""hi"""\n',
      rows: [['x,\ny', 'say "hi"']],
    },
    {
      what: 'line breaks in quotes that differ from those of rows',
      csv: 'a,b\r\n1,"x\ny\r\nz"\r\n',
      rows: [[1n, 'x\ny\r\nz']],
    },
    { what: 'a quote inside a field without quotes', csv: 'a,b\n5" disk,x\n', rows: [['5" disk', 'x']] },
    {
      what: 'blank lines between rows',
      csv: 'a,b\n1,x\n\n2,y\n\n\n',
      rows: [
        [1n, 'x'],
        [2n, 'y'],
      ],
    },
    {
      what: 'a blank line in a file of one column, which is a missing value',
      csv: 'a\n1\n\n2\n',
      rows: [[1n], [null], [2n]],
    },
    { what: 'a header of numbers', csv: '1,2\n3,4\n', rows: [[3n, 4n]] },
    {
      what: 'a row of empty fields',
      csv: 'a,b\n,\n1,x\n',
      rows: [
        [null, null],
        [1n, 'x'],
      ],
    },
    {
      what: 'a last field that is empty, without a line end',
      csv: 'a,b\n1,x\n2,',
      rows: [
        [1n, 'x'],
        [2n, null],
      ],
    },
    { what: 'a last field in quotes, ended by CR', csv: 'a,b\n1,"x"\r', rows: [[1n, 'x']] },
    { what: 'letters of four bytes', csv: 'a,b\n1,🐧\n', rows: [[1n, '🐧']] },
  ])('reads $what', async ({ csv, rows }) => {
    const read = await ingestedRows(csv);

    expect(read).toEqual(rows);
  });

  it.each([
    { what: 'an empty file', csv: '', errors: [{ code: 'empty_file' }] },
    { what: 'a byte order mark alone', csv: '\uFEFF', errors: [{ code: 'empty_file' }] },
    { what: 'blank lines alone', csv: '\n\r\n\n', errors: [{ code: 'empty_file' }] },
    { what: 'a header without rows', csv: 'a,b\n', errors: [{ code: 'no_rows' }] },
    {
      what: 'blank lines above the header',
      csv: '\n\na,b\n1,2\n',
      errors: [{ line: 1, code: 'blank_column_name' }],
    },
    {
      what: 'a row with too few fields',
      csv: 'a,b,c\n1,2,3\n4,5\n',
      errors: [{ line: 3, code: 'ragged_row' }],
    },
    {
      what: 'a row with too many fields',
      csv: 'a,b\n1,2\n3,4,5\n',
      errors: [{ line: 3, code: 'ragged_row' }],
    },
    {
      what: 'every ragged row, by the lines of an editor',
      csv: 'a,b\n"x\ny\r\nz",1\n2\n\n3,4,5\r\n"q\n',
      errors: [
        { line: 5, code: 'ragged_row' },
        { line: 7, code: 'ragged_row' },
        { line: 8, column: 'a', code: 'unterminated_quote' },
      ],
    },
    {
      what: 'columns of one name',
      csv: 'a,b,a\n1,2,3\n',
      errors: [{ line: 1, column: 'a', code: 'duplicate_column' }],
    },
    {
      what: 'names that differ in case only',
      csv: 'a,A\n1,2\n',
      errors: [{ line: 1, column: 'A', code: 'duplicate_column' }],
    },
    {
      what: 'columns without a name',
      csv: 'a,, \n1,2,3\n',
      errors: [
        { line: 1, code: 'blank_column_name' },
        { line: 1, code: 'blank_column_name' },
      ],
    },
    {
      what: 'a quote that is never closed',
      csv: 'a,b\n1,2\n3,"x\n4,5\n',
      errors: [{ line: 3, column: 'b', code: 'unterminated_quote' }],
    },
    {
      what: 'a header whose quote is never closed',
      csv: '"a,b\n1,2\n',
      errors: [{ line: 1, code: 'unterminated_quote' }],
    },
    {
      what: 'text after a closing quote',
      csv: 'a,b\n"x" y,2\n',
      errors: [{ line: 2, column: 'a', code: 'stray_quote' }],
    },
    {
      what: 'blanks before an opening quote',
      csv: 'a,b\n1, "x"\n',
      errors: [{ line: 2, column: 'b', code: 'stray_quote' }],
    },
    {
      what: 'Latin-1, line by line',
      csv: latin1('name,b\nJosé é,1\nok,2\nNuñez,3\n'),
      errors: [
        { line: 2, column: 'name', code: 'invalid_encoding' },
        { line: 4, column: 'name', code: 'invalid_encoding' },
      ],
    },
    {
      what: 'UTF-16 with its mark',
      csv: Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le'),
      errors: [{ line: 1, code: 'invalid_encoding' }],
    },
    {
      what: 'UTF-16 without one',
      csv: Buffer.from('a,b\n1,2\n', 'utf16le'),
      errors: [{ line: 1, code: 'invalid_encoding' }],
    },
    {
      what: 'a NUL byte',
      csv: 'aaaaa,bbbbb\n1,x\0y\n',
      errors: [{ line: 2, column: 'bbbbb', code: 'invalid_encoding' }],
    },
    {
      what: 'a character cut off at the end',
      csv: Buffer.from([0x61, 0x0a, 0x31, 0x0a, 0xe2, 0x82]),
      errors: [{ line: 3, column: 'a', code: 'invalid_encoding' }],
    },
    { what: 'gzip', csv: Buffer.from([0x1f, 0x8b, 8, 0]), errors: [{ line: 1, code: 'unknown_format' }] },
    { what: 'a spreadsheet', csv: 'PK\u0003\u0004rest', errors: [{ line: 1, code: 'unknown_format' }] },
  ])('refuses $what', async ({ csv, errors }) => {
    const found = await errorsOf(csv);

    expect(found.map(({ detail, ...place }) => place)).toEqual(errors);
    expect(found.every(({ detail }) => /^[^A-Z]/.test(detail) && !detail.endsWith('.'))).toBe(true);
  });

  it.each([
    { what: 'of 10 MB', field: 'x'.repeat(10_000_000) },
    { what: 'of 10 MB in quotes, with line breaks', field: `"${'x\n'.repeat(5_000_000)}"` },
  ])('refuses a single field $what, and goes on with the right line', async ({ field }) => {
    const csv = `a,b\n1,${field}\n3\n`;

    const errors = await errorsOf(csv);

    const lines = field.split('\n').length - 1;
    expect(errors.map(({ line, code, column }) => ({ line, code, column }))).toEqual([
      { line: 2, code: 'field_too_large', column: 'b' },
      { line: 3 + lines, code: 'ragged_row', column: undefined },
    ]);
  });

  it('takes a field of exactly the limit', async () => {
    const csv = `a,b\n1,${'x'.repeat(1024 * 1024)}\n`;

    const profile = await profileOf(csv);

    expect(profile.rows).toBe(1);
  });

  it('refuses a row of more than 16 MiB', async () => {
    const csv = `${Array.from({ length: 20 }, (_, index) => `c${index}`).join()}\n${Array(20).fill('x'.repeat(1_000_000)).join()}\n`;

    const errors = await errorsOf(csv);

    expect(errors).toMatchObject([{ line: 2, code: 'field_too_large' }]);
  });

  it('refuses more than 10,000 columns', async () => {
    const csv = `${Array.from({ length: 10_001 }, (_, index) => `c${index}`).join()}\n1\n`;

    const errors = await errorsOf(csv);

    expect(errors).toMatchObject([{ line: 1, code: 'too_many_columns' }]);
    expect(errors[0]?.detail).toContain('10001 columns, and at most 10000');
  });

  it('lists 1,000 errors and says that there are more', async () => {
    const csv = `a,b\n${'1\n'.repeat(1_500)}`;

    const { outcome } = await ingestBytes(csv);

    expect(outcome).toMatchObject({ type: 'rejected', truncated: true });
    expect(outcome.type === 'rejected' && outcome.errors.length).toBe(1_000);
  });

  it('does not call 1,000 errors truncated', async () => {
    const { outcome } = await ingestBytes(`a,b\n${'1\n'.repeat(1_000)}`);

    expect(outcome).toMatchObject({ type: 'rejected', truncated: false });
  });

  it('says what was found and what to do', async () => {
    const [ragged] = await errorsOf('a;b;c\n1;2;3;4\n');
    const [encoding] = await errorsOf(latin1('a,b\né,1\n'));
    const [duplicate] = await errorsOf('x,y,x\n1,2,3\n');

    expect(ragged?.detail).toBe(
      "this row has 4 fields and the header has 3; take out the surplus, or quote a field that holds the separator ';'",
    );
    expect(encoding?.detail).toBe(
      'byte 4 (0xE9) is not UTF-8; the file looks like Latin-1 or Windows-1252: convert it, e.g. iconv -f WINDOWS-1252 -t UTF-8',
    );
    expect(duplicate?.detail).toBe("columns 1 and 3 clash: both are named 'x'; rename one");
  });

  it('gives the same file and profile for the same bytes, in the order of the upload', async () => {
    const row = (id: number) =>
      `${id},${Math.sin(id)},${id % 50 === 0 ? 'NA' : id % 7},"${`""${id % 977}"",\n`.repeat(25)}"`;
    const csv = `id,x,k,t\n${Array.from({ length: 100_000 }, (_, id) => row(id)).join('\n')}\n`;

    const first = await ingestBytes(csv);
    const second = await ingestBytes(csv);

    expect((await readFile(second.data)).equals(await readFile(first.data))).toBe(true);
    expect(second.outcome).toEqual(first.outcome);
    const ids = (await rowsOf(first.data)).map(([id]) => id);
    expect(ids.every((id, place) => id === BigInt(place))).toBe(true);
  });
});
