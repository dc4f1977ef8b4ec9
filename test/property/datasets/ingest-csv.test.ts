import fc from 'fast-check';
import { ingestedRows } from '../../unit/datasets/ingest-bytes';

const hard = fc.constantFrom(
  '"',
  ',',
  ';',
  '\t',
  '|',
  '\n',
  '\r',
  '\r\n',
  ' ',
  'a',
  '7',
  'é',
  '🐧',
  "'",
  '\\',
  '.',
  '-',
  '\u2028',
  '\u00a0',
  '#',
  '0',
);
/** A letter first, so that every column is text and its values come back as they were. */
const text = fc.array(hard, { maxLength: 8 }).map((pieces) => `x${pieces.join('')}`);
const value = fc.option(text, { nil: null, freq: 6 });

const table = fc
  .integer({ min: 2, max: 5 })
  .chain((columns) =>
    fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 12 }),
  );

const dialect = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  lastLineEnds: fc.boolean(),
  mark: fc.boolean(),
  quoteAll: fc.boolean(),
});

type Dialect = typeof dialect extends fc.Arbitrary<infer T> ? T : never;

function toCsv(
  rows: readonly (string | null)[][],
  { delimiter, lineEnd, lastLineEnds, mark, quoteAll }: Dialect,
): string {
  const quoted = (field: string) =>
    quoteAll || /["\r\n]/.test(field) || field.includes(delimiter)
      ? `"${field.replaceAll('"', '""')}"`
      : field;
  const header = (rows[0] ?? []).map((_, index) => `column ${index}`);
  const lines = [header, ...rows].map((row) => row.map((field) => quoted(field ?? '')).join(delimiter));
  return `${mark ? '\uFEFF' : ''}${lines.join(lineEnd)}${lastLineEnds ? lineEnd : ''}`;
}

describe('any table written as CSV by RFC 4180', () => {
  it('comes back value by value, whatever its separator, line ends and quotes', async () => {
    await fc.assert(
      fc.asyncProperty(table, dialect, async (rows, chosen) => {
        const read = await ingestedRows(toCsv(rows, chosen));

        expect(read).toEqual(rows);
      }),
      { numRuns: 40 },
    );
  });
});
