import { readFile } from 'node:fs/promises';
import { errorsOf, ingestBytes, profileOf, rowsOf, writeParquet } from './ingest-bytes';

const parquet = async (...query: Parameters<typeof writeParquet>) => readFile(await writeParquet(...query));

describe('a Parquet upload', () => {
  it('maps the types of its columns to the five of a table', async () => {
    const bytes =
      await parquet(`SELECT 1::TINYINT AS tiny, 2::UBIGINT AS big, 3::DECIMAL(20,0) AS whole, 1.25::DECIMAL(10,2) AS price,
      1.5::FLOAT AS float, true AS flag, 'x' AS text, 'a'::ENUM('a', 'b') AS level, DATE '2024-02-29' AS day,
      TIMESTAMP '2024-02-29 12:00:00' AS at, TIMESTAMPTZ '2024-02-29 12:00:00+02' AS zoned, TIMESTAMP_NS '2024-02-29 12:00:00' AS nano`);

    const { outcome, data } = await ingestBytes(bytes);

    expect(
      outcome.type === 'ready' && outcome.profile.columns.map(({ name, type }) => `${name} ${type}`),
    ).toEqual([
      'tiny integer',
      'big integer',
      'whole integer',
      'price number',
      'float number',
      'flag boolean',
      'text text',
      'level text',
      'day timestamp',
      'at timestamp',
      'zoned timestamp',
      'nano timestamp',
    ]);
    const [row] = await rowsOf(data);
    expect(row?.slice(0, 8)).toEqual([1n, 2n, 3n, 1.25, 1.5, true, 'x', 'a']);
    expect(row?.[10]).toEqual(new Date('2024-02-29T10:00:00Z'));
  });

  it('takes what is not a number, and empty text, for missing values', async () => {
    const bytes = await parquet(
      `SELECT * FROM (VALUES (1.5, 'x'), ('nan'::DOUBLE, ''), (NULL, NULL)) AS t(n, s)`,
    );

    const profile = await profileOf(bytes);

    expect(profile.columns).toMatchObject([
      { name: 'n', missing: 2, mean: 1.5 },
      { name: 's', missing: 2 },
    ]);
  });

  it('keeps whole numbers past 2^53 digit by digit, as text', async () => {
    const bytes = await parquet(
      'SELECT 9007199254740993::BIGINT AS id UNION ALL SELECT 18446744073709551615::UBIGINT ORDER BY 1',
    );

    const { outcome, data } = await ingestBytes(await parquet('SELECT 9007199254740993::BIGINT AS id'));
    const wide = await rowsOf((await ingestBytes(bytes)).data);

    expect(outcome).toMatchObject({ profile: { columns: [{ type: 'text' }] } });
    expect(await rowsOf(data)).toEqual([['9007199254740993']]);
    expect(wide.length).toBe(2);
  });

  it.each([
    {
      what: 'nested columns and binary ones',
      query: `SELECT [1] AS ok, {'x': 1} AS s, [[1]] AS l, ['a'] AS t, [true] AS f, MAP {'a': 1} AS m, 'b'::BLOB AS b`,
      errors: ['s', 'l', 't', 'f', 'm', 'b'].map((column) => ({ column, code: 'unsupported_type' })),
    },
    {
      what: 'lists of other than plain numbers',
      query: `SELECT * FROM (VALUES ([1], [1.5], [2.5], [0]), ([2, NULL], ['nan'::DOUBLE], [-'inf'::DOUBLE], [9007199254740993])) AS t(missing, nan, infinite, wide)`,
      errors: ['missing', 'nan', 'infinite', 'wide'].map((column) => ({ column, code: 'nested_value' })),
    },
    {
      what: 'infinite values',
      query: `SELECT 'inf'::DOUBLE AS x, 1 AS y`,
      errors: [{ column: 'x', code: 'unsupported_type' }],
    },
    { what: 'no rows', query: 'SELECT 1 AS a WHERE false', errors: [{ code: 'no_rows' }] },
    {
      what: 'a value of 10 MB',
      query: `SELECT repeat('x', 10000000) AS t`,
      errors: [{ column: 't', code: 'field_too_large' }],
    },
    { what: 'a blank column name', query: 'SELECT 1 AS " "', errors: [{ code: 'blank_column_name' }] },
  ])('refuses $what', async ({ query, errors }) => {
    const found = await errorsOf(await parquet(query));

    expect(found.map(({ detail, ...place }) => place)).toEqual(errors);
  });

  it('refuses row groups of more long lists than memory holds at once, and takes the same lists in smaller ones', async () => {
    const lists = (from: number, to: number) =>
      `SELECT list_transform(range(150528), lambda x: ((x + range) % 100)::TINYINT) AS pixels FROM range(${from}, ${to})`;
    const groups = [lists(0, 50), lists(50, 100), lists(100, 130)].join(' UNION ALL ');

    const [error] = await errorsOf(await parquet(lists(0, 130)));
    const { outcome } = await ingestBytes(await parquet(groups, 'ROW_GROUP_SIZE 1'));

    expect(error).toMatchObject({
      column: 'pixels',
      code: 'field_too_large',
      detail: expect.stringMatching(/have 150528 numbers, and 130 rows .* row groups of at most 111 rows/),
    });
    expect(outcome).toMatchObject({ type: 'ready', profile: { rows: 130 } });
  });

  it('says which row holds the number that is none', async () => {
    const query = 'SELECT CASE WHEN range = 5000 THEN [NULL, 1] ELSE [range] END AS l FROM range(9000)';

    const [error] = await errorsOf(await parquet(query));

    expect(error?.detail).toMatch(/^the list of row 5001 \(from 1\) holds a number that is missing/);
  });

  it.each([
    { what: 'bytes that are none', bytes: async () => Buffer.from('hello, this is text') },
    { what: 'its first bytes alone', bytes: async () => Buffer.from('PAR1') },
    {
      what: 'a footer that is cut off',
      bytes: async () => (await parquet('SELECT range AS a FROM range(1000)')).subarray(0, -20),
    },
    {
      what: 'pages that are broken',
      bytes: async () =>
        (await parquet(`SELECT 'text ' || range AS a FROM range(5000)`)).fill(0x55, 200, 5_000),
    },
  ])('refuses $what', async ({ bytes }) => {
    const found = await errorsOf(await bytes(), { format: 'parquet' });

    expect(found).toMatchObject([{ code: 'invalid_parquet' }]);
    expect(found[0]?.detail).not.toMatch(/source|\/tmp|LINE 1/);
  });

  it('refuses a column name that SQL cannot write', async () => {
    const bytes = (await parquet('SELECT 1 AS name_x')).toString('latin1').replaceAll('name_x', 'name_\0');

    const found = await errorsOf(Buffer.from(bytes, 'latin1'));

    expect(found).toMatchObject([{ code: 'invalid_parquet', detail: expect.stringContaining('U+0000') }]);
  });

  it('refuses Parquet that was declared as CSV', async () => {
    const found = await errorsOf(await parquet('SELECT 1 AS a'), { format: 'csv' });

    expect(found).toMatchObject([{ code: 'unknown_format' }]);
  });

  it('keeps the order of rows and columns', async () => {
    const { data } = await ingestBytes(await parquet('SELECT range AS z, -range AS a FROM range(300000)'));

    const rows = await rowsOf(data);

    expect(rows.every(([z, a], place) => z === BigInt(place) && a === -BigInt(place))).toBe(true);
  });
});
