import fc from 'fast-check';
import { TextLines } from '../../../jobs/datasets/text-lines';
import { ingestBytes, rowsOf } from '../../unit/datasets/ingest-bytes';

/** Text with many line ends, long characters and no NUL. */
const texts = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('\n', '\r\n', '\r', ' ', '"', ',', '\u{1f427}', '\u00e9', '\u20ac'),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
    ),
    { minLength: 1, maxLength: 200 },
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));

describe('the rows of a text', () => {
  it('joined are the file', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts.filter((text) => text !== '' && !text.startsWith('\uFEFF')),
        async (text) => {
          const { outcome, data } = await ingestBytes(text, { format: 'text' });

          expect(outcome.type).toBe('ready');
          const rows = (await rowsOf(data)).map(([line]) => String(line));
          expect(rows.join('')).toBe(text);
          for (const row of rows.slice(0, -1)) expect(row.endsWith('\n')).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('do not depend on how the bytes arrive, and none is longer than allowed', () => {
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 4, max: 30 }),
        fc.integer({ min: 1, max: 50 }),
        (text, longest, size) => {
          const bytes = Buffer.from(text);
          const whole = new TextLines(longest);
          const parts = new TextLines(longest);
          const arriving: string[] = [];

          for (let from = 0; from < bytes.length; from += size)
            arriving.push(...parts.push(bytes.subarray(from, from + size)));

          const expected = [...whole.push(bytes), ...whole.end()];
          expect([...arriving, ...parts.end()]).toEqual(expected);
          expect(expected.join('')).toBe(text);
          for (const piece of expected) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(longest);
        },
      ),
    );
  });
});
