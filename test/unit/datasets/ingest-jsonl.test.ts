import { errorsOf, ingestedRows, profileOf } from './ingest-bytes';

const lines = (...objects: unknown[]) => objects.map((object) => JSON.stringify(object)).join('\n');

describe('a JSONL upload', () => {
  it.each([
    {
      what: 'one object per line',
      jsonl: '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n',
      rows: [
        [1n, 'x'],
        [2n, 'y'],
      ],
    },
    { what: 'blank lines, blanks and CR LF', jsonl: '\n {"a" : 1 }  \r\n  \r\n{"a":2}', rows: [[1n], [2n]] },
    { what: 'a byte order mark', jsonl: '\uFEFF{"a":1}\n', rows: [[1n]] },
    {
      what: 'absent keys, null and empty text as missing',
      jsonl: '{"a":1}\n{"b":"x"}\n{"a":null,"b":""}\n',
      rows: [
        [1n, null],
        [null, 'x'],
        [null, null],
      ],
    },
    {
      what: 'columns in the order in which their keys appear',
      jsonl: '{"z":1,"10":2,"2":3}\n{"a":4}\n',
      rows: [
        [1n, 2n, 3n, null],
        [null, null, null, 4n],
      ],
    },
    {
      what: 'values of several types in one column as text',
      jsonl: '{"a":1}\n{"a":"x"}\n{"a":true}\n{"a":1.50}\n',
      rows: [['1'], ['x'], ['true'], ['1.5']],
    },
    { what: 'text of digits as text', jsonl: '{"a":"007"}\n{"a":"12"}\n', rows: [['007'], ['12']] },
    {
      what: 'whole numbers past 2^53 digit by digit',
      jsonl: '{"a":9007199254740993}\n{"a":18446744073709551617}\n',
      rows: [['9007199254740993'], ['18446744073709551617']],
    },
    {
      what: 'numbers past the range of a double as text',
      jsonl: '{"a":1e400}\n{"a":1}\n',
      rows: [['1e400'], ['1']],
    },
    {
      what: 'the words for missing between numbers as missing',
      jsonl: '{"a":1}\n{"a":"NA"}\n{"a":"NaN"}\n',
      rows: [[1n], [null], [null]],
    },
    {
      what: 'the words for missing between texts as texts',
      jsonl: '{"country":"NA"}\n{"country":"DE"}\n',
      rows: [['NA'], ['DE']],
    },
    {
      what: 'escapes',
      jsonl: '{"\\u0061":"\\u00e9\\n\\ud83d\\udc27"}\n{"a":"\\\\"}\n',
      rows: [['é\n🐧'], ['\\']],
    },
    {
      what: 'lists of numbers, empty ones, and null as missing',
      jsonl: '{"a":[1,2.5,-3e2],"b":[0.1]}\n{"a":[],"b":[9007199254740993]}\n{"b":null}\n',
      rows: [
        [[1, 2.5, -300], [0.1]],
        [[], [9007199254740992]],
        [null, null],
      ],
    },
    {
      what: 'a list of 150,000 numbers, which is longer than a text may be',
      jsonl: lines({ a: Array.from({ length: 150_000 }, (_, at) => at + 0.123456) }),
      rows: [[Array.from({ length: 150_000 }, (_, at) => at + 0.123456)]],
    },
    { what: 'keys with colons, quotes and line breaks', jsonl: '{"a:\\"b\\n":"c:d"}\n', rows: [['c:d']] },
    {
      what: 'a key named __proto__',
      jsonl: '{"__proto__":1,"b":2}\n{"__proto__":3,"b":4}\n',
      rows: [
        [1n, 2n],
        [3n, 4n],
      ],
    },
  ])('reads $what', async ({ jsonl, rows }) => {
    const read = await ingestedRows(jsonl);

    expect(read).toEqual(rows);
  });

  it.each([
    {
      what: 'blank lines alone',
      jsonl: '\n  \n',
      format: 'jsonl' as const,
      errors: [{ code: 'empty_file' }],
    },
    { what: 'objects without keys', jsonl: '{}\n{}\n', errors: [{ code: 'no_columns' }] },
    {
      what: 'every line that is not JSON',
      jsonl: '{"a":1}\n{"a":x}\n\n{"a":\n{"a":1} {"a":2}\n',
      errors: [
        { line: 2, code: 'invalid_json' },
        { line: 4, code: 'invalid_json' },
        { line: 5, code: 'invalid_json' },
      ],
    },
    {
      what: 'lines that are no objects',
      jsonl: '{"a":1}\n[1]\n3\nnull\n"x"\n',
      errors: [2, 3, 4, 5].map((line) => ({ line, code: 'not_an_object' })),
    },
    { what: 'a JSON array', jsonl: '[\n  {"a": 1}\n]', errors: [{ line: 1, code: 'not_an_object' }] },
    {
      what: 'nested values, each with its place',
      jsonl: lines({ a: 1, b: { c: 1 } }, { a: [1] }),
      errors: [
        { line: 1, column: 'b', code: 'nested_value' },
        { line: 2, column: 'a', code: 'mixed_values' },
      ],
    },
    {
      what: 'lists of more than numbers, each with its place',
      jsonl: lines(
        { a: [1, null] },
        { a: [1, 'x'], b: [true] },
        { a: [[1]] },
        { a: [{}] },
        { a: [1, 2] },
      ).concat('\n{"a":[1e400]}'),
      errors: [
        { line: 1, column: 'a', code: 'nested_value' },
        { line: 2, column: 'a', code: 'nested_value' },
        { line: 2, column: 'b', code: 'nested_value' },
        { line: 3, column: 'a', code: 'nested_value' },
        { line: 4, column: 'a', code: 'nested_value' },
        { line: 6, column: 'a', code: 'nested_value' },
      ],
    },
    {
      what: 'lists and single values in one column, where the second kind begins',
      jsonl: lines({ a: null, b: 1 }, { a: [1], b: 2 }, { a: 1, b: [] }, { a: 'x', b: null }),
      errors: [
        { line: 3, column: 'a', code: 'mixed_values' },
        { line: 3, column: 'b', code: 'mixed_values' },
        { line: 4, column: 'a', code: 'mixed_values' },
      ],
    },
    {
      what: 'values nested 10,000 deep',
      jsonl: `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      errors: [{ line: 1, column: 'a', code: 'nested_value' }],
    },
    {
      what: 'brackets 10,000 deep that are never closed',
      jsonl: `{"a":1}\n{"a":${'['.repeat(10_000)}`,
      errors: [{ line: 2, code: 'invalid_json' }],
    },
    {
      what: 'a key twice in one object',
      jsonl: '{"a":1,"b":2,"a":3}\n',
      errors: [{ line: 1, column: 'a', code: 'duplicate_column' }],
    },
    {
      what: 'a key twice in a later object',
      jsonl: '{"a":1}\n{"a":1,"a":1}\n',
      errors: [{ line: 2, column: 'a', code: 'duplicate_column' }],
    },
    {
      what: 'keys that differ in case only',
      jsonl: '{"a":1,"A":2}\n',
      errors: [{ column: 'A', code: 'duplicate_column' }],
    },
    { what: 'a key without letters', jsonl: '{" ":1}\n', errors: [{ code: 'blank_column_name' }] },
    {
      what: 'half of a surrogate pair',
      jsonl: '{"a":"\\ud800"}\n',
      errors: [{ line: 1, column: 'a', code: 'invalid_json' }],
    },
    {
      what: 'the character U+0000',
      jsonl: '{"a":"x\\u0000"}\n',
      errors: [{ line: 1, column: 'a', code: 'invalid_json' }],
    },
    {
      what: 'Latin-1',
      jsonl: Buffer.from('{"a":1}\n{"a":"é"}\n', 'latin1'),
      errors: [{ line: 2, code: 'invalid_encoding' }],
    },
    {
      what: 'a value of 10 MB',
      jsonl: lines({ a: 'x'.repeat(10_000_000) }, { a: 'y' }),
      errors: [{ line: 1, column: 'a', code: 'field_too_large' }],
    },
    {
      what: 'a line of 17 MiB',
      jsonl: `{"a":1}\n{"a":"${'x'.repeat(17 * 1024 * 1024)}"}\n3\n`,
      errors: [
        { line: 2, code: 'field_too_large' },
        { line: 3, code: 'not_an_object' },
      ],
    },
    {
      what: 'more than 10,000 columns',
      jsonl: lines(Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`c${index}`, 1]))),
      errors: [{ line: 1, code: 'too_many_columns' }],
    },
  ])('refuses $what', async ({ jsonl, errors, format }) => {
    const found = await errorsOf(jsonl, { format });

    expect(found.map(({ detail, ...place }) => place)).toEqual(errors);
  });

  it('says which element of a list is no number', async () => {
    const [error] = await errorsOf(lines({ a: [1, 2.5] }, { a: [1, null] }));

    expect(error?.detail).toMatch(/^element 2 of this list is null, and a list holds numbers alone; /);
  });

  it('says which character is wrong, and not what the data are', async () => {
    const [unexpected, early] = await errorsOf('{"secret": x}\n{"secret": \n');

    expect(unexpected?.detail).toBe(
      "this line is not valid JSON: unexpected 'x'; write each object whole on one line",
    );
    expect(early?.detail).toBe(
      'this line is not valid JSON: it ends too early; write each object whole on one line',
    );
  });

  it('reads more than one chunk with the right lines', async () => {
    const jsonl = `${Array.from({ length: 60_000 }, (_, id) => JSON.stringify({ id, text: `row ${id}`, more: 'x'.repeat(20) })).join('\n')}\n{"id":{}}`;

    const errors = await errorsOf(jsonl);

    expect(errors).toMatchObject([{ line: 60_001, column: 'id', code: 'nested_value' }]);
  });

  it('profiles by the types of JSON', async () => {
    const profile = await profileOf(
      lines(
        { n: 1.5, i: 1, b: true, t: 'x', at: '2024-02-29T12:00:00Z' },
        { n: 2, i: 2, b: false, t: 'y', at: '2024-03-01' },
      ),
    );

    expect(profile.columns.map(({ name, type }) => [name, type])).toEqual([
      ['n', 'number'],
      ['i', 'integer'],
      ['b', 'boolean'],
      ['t', 'text'],
      ['at', 'timestamp'],
    ]);
  });
});
