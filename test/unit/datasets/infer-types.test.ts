import { ingestBytes, ingestedRows, profileOf } from './ingest-bytes';

const columnOf = (values: readonly string[]) =>
  `c,other\n${values.map((value) => `${value},1`).join('\n')}\n`;

async function setup(values: readonly string[]) {
  const csv = columnOf(values);
  const [column] = (await profileOf(csv)).columns;
  const read = (await ingestedRows(csv)).map(([value]) => value);
  return { type: column?.type, missing: column?.missing, read };
}

describe('the type of a column', () => {
  it.each<{ what: string; values: string[]; type: string; read: unknown[] }>([
    {
      what: 'whole numbers',
      values: ['1', '-2', '+3', ' 4 ', '0'],
      type: 'integer',
      read: [1n, -2n, 3n, 4n, 0n],
    },
    {
      what: 'whole numbers up to 2^53',
      values: ['9007199254740991', '-9007199254740991'],
      type: 'integer',
      read: [9007199254740991n, -9007199254740991n],
    },
    {
      what: 'whole numbers past 2^53',
      values: ['1', '9007199254740993'],
      type: 'text',
      read: ['1', '9007199254740993'],
    },
    {
      what: 'numbers past all integers',
      values: ['1', '123456789012345678901234567890'],
      type: 'text',
      read: ['1', '123456789012345678901234567890'],
    },
    {
      what: 'numbers',
      values: ['1', '2.5', '.5', '3.', '1e3', '-1E-2'],
      type: 'number',
      read: [1, 2.5, 0.5, 3, 1000, -0.01],
    },
    {
      what: 'long whole numbers among fractions',
      values: ['0.5', '12345678901234567890'],
      type: 'number',
      read: [0.5, 12345678901234567000],
    },
    {
      what: 'numbers past the range of a double',
      values: ['1', '1e400'],
      type: 'text',
      read: ['1', '1e400'],
    },
    { what: 'infinities', values: ['1', 'inf'], type: 'text', read: ['1', 'inf'] },
    { what: 'ids with leading zeros', values: ['007', '1'], type: 'text', read: ['007', '1'] },
    {
      what: 'what other languages take for numbers',
      values: ['1_000', '0x1F'],
      type: 'text',
      read: ['1_000', '0x1F'],
    },
    { what: 'booleans', values: ['true', 'FALSE', 'True'], type: 'boolean', read: [true, false, true] },
    {
      what: 'values with blanks around them',
      values: [' true', 'false\t'],
      type: 'boolean',
      read: [true, false],
    },
    {
      what: 'dates with blanks around them',
      values: [' 2024-02-29', '1999-12-31 '],
      type: 'timestamp',
      read: [new Date('2024-02-29'), new Date('1999-12-31')],
    },
    {
      what: 'numbers with line breaks around them',
      values: ['"\n1"', '"2.5\r\n"'],
      type: 'number',
      read: [1, 2.5],
    },
    { what: 'booleans among numbers', values: ['true', '1'], type: 'text', read: ['true', '1'] },
    {
      what: 'dates',
      values: ['2024-02-29', '1999-12-31'],
      type: 'timestamp',
      read: [new Date('2024-02-29'), new Date('1999-12-31')],
    },
    {
      what: 'times, with and without an offset',
      values: ['2024-02-29 12:00', '2024-02-29T12:00:00.5Z', '2024-02-29T12:00:00+02:00'],
      type: 'timestamp',
      read: [
        new Date('2024-02-29T12:00Z'),
        new Date('2024-02-29T12:00:00.5Z'),
        new Date('2024-02-29T10:00Z'),
      ],
    },
    {
      what: 'a day that is none',
      values: ['2024-02-29', '2023-02-29'],
      type: 'text',
      read: ['2024-02-29', '2023-02-29'],
    },
    {
      what: 'days in an order that must be guessed',
      values: ['01/02/2024'],
      type: 'text',
      read: ['01/02/2024'],
    },
    { what: 'texts, blanks and all', values: [' x', 'y '], type: 'text', read: [' x', 'y '] },
    { what: 'nothing but missing values', values: ['', 'NA'], type: 'text', read: [null, null] },
  ])('of $what is $type', async ({ values, type, read }) => {
    const column = await setup(values);

    expect(column.type).toBe(type);
    expect(column.read).toEqual(read);
  });

  it.each(['', 'NA', 'N/A', 'NaN', 'null', '?', ' NA', '? ', '"NA"'])(
    "takes '%s' for a missing value",
    async (token) => {
      const column = await setup(['1', token, '2']);

      expect(column).toEqual({ type: 'integer', missing: 1, read: [1n, null, 2n] });
    },
  );

  it.each(['na', 'None', '-', 'n/a', 'NAN', 'N A', '.'])("takes '%s' for a text", async (value) => {
    const column = await setup(['1', value]);

    expect(column).toEqual({ type: 'text', missing: 0, read: ['1', value] });
  });

  it('is found in the whole file: one bad value at the end makes text, and no missing value', async () => {
    const csv = `a,b\n${Array.from({ length: 300_000 }, (_, row) => `${row},x`).join('\n')}\nlate,y\n`;

    const { outcome } = await ingestBytes(csv);

    expect(outcome).toMatchObject({
      profile: {
        rows: 300_001,
        columns: [{ name: 'a', type: 'text', missing: 0, distinct: 300_001 }, { name: 'b' }],
      },
    });
  });
});
