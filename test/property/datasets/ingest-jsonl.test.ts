import fc from 'fast-check';
import { ingestedRows } from '../../unit/datasets/ingest-bytes';

const scalar = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => `x${text}`),
  fc.constantFrom('x:"', 'x\\', 'x{', 'x\n', "x'", 'x,', 'x\u2028', 'x\u0007'),
);
const spacing = fc.constantFrom('', ' ', '\t', '  ');
const key = fc.constantFrom('a', 'b:', '"c"', '10', '2', '__proto__', 'd\n');
const row = fc.uniqueArray(fc.tuple(key, fc.option(scalar, { nil: null })), {
  minLength: 1,
  maxLength: 5,
  selector: ([name]) => name,
});
const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n');

describe('any flat objects written as JSONL', () => {
  it('come back value by value, in the order in which their keys appear', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        spacing,
        lineEnd,
        async (rows, space, end) => {
          const lines = rows.map(
            (members) =>
              `{${members.map(([name, value]) => `${space}${JSON.stringify(name)}${space}:${space}${JSON.stringify(value)}`).join(',')}${space}}`,
          );
          const columns = [...new Set(rows.flatMap((members) => members.map(([name]) => name)))];

          const read = await ingestedRows(lines.join(end));

          expect(read).toEqual(
            rows.map((members) => columns.map((name) => new Map(members).get(name) ?? null)),
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});
